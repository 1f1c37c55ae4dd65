"""Where things are on a page image, and in which order they are read.

Owns the model that finds figures and tables, and the reading order of boxes. Does not read text:
engines do, and ask here for the order of what they found.

    figures = shared_layout_model(threads=2).regions(image)

Start reading in `regions`.
"""

from workers.layout.reading_order import join_lines, paragraphs
from workers.layout.regions import shared_layout_model

__all__ = ["join_lines", "paragraphs", "shared_layout_model"]
