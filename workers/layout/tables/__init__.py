"""Tables of a page: found by ruling lines, by alignment or by a model; as Markdown or HTML.

Owns the way from a page's pieces of text and ruling lines to `Table`. Words come from the text
layer or from OCR, never from a model of tables. Both routes ask here: `workers.textlayer.tables`
with points and the lines of a PDF, `pixels` with what a page image shows.

    tables = find(pieces, words, rules, regions)
    blocks = [block(table, width, height) for table in tables]

Start reading in `search`. `pixels` and `model` load OpenCV and ONNX Runtime, and are imported from
their modules.
"""

from workers.layout.tables.continuation import continued
from workers.layout.tables.grid import Piece, Table
from workers.layout.tables.runs import runs_of
from workers.layout.tables.search import find
from workers.layout.tables.write import block, markup

__all__ = ["Piece", "Table", "block", "continued", "find", "markup", "runs_of"]
