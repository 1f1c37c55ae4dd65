"""The text layer of a born-digital PDF page: its lines, their order, Markdown, and its quality.

Does not render pages, and uses no layout model. Start reading in `layer`, which
puts a page together from `lines`, `tables`, `order` and `markdown`; `signals` measures the result
and judges whether it can replace OCR.

    layer = extract(document[0])
    if judge(layer.signals, floors) is None: ...
"""

from workers.textlayer.blocks import turn
from workers.textlayer.layer import TextLayer, TextLayerSignals, extract, judge, upright_view
from workers.textlayer.picture import Picture

__all__ = ["Picture", "TextLayer", "TextLayerSignals", "extract", "judge", "turn", "upright_view"]
