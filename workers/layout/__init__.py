"""Where things are on a page, and in which order they are read.

Owns the reading order of boxes (`reading_order`, by the cut in `xy_cut`) and the model that finds
figures and tables (`regions`). Does not read text: engines do, and ask here for the order of the
lines that they found.

    for rows in paragraphs(boxes):                  # rows: lists of indices of boxes
        text = join_lines([" ".join(texts[i] for i in row) for row in rows])

    figures = regions.shared_layout_model(threads=2).regions(image)

The model is imported from its module, because it loads OpenCV and ONNX Runtime, which the text
layer of a PDF does without. Start reading in `reading_order`.
"""

from workers.layout.reading_order import join_lines, paragraphs

__all__ = ["join_lines", "paragraphs"]
