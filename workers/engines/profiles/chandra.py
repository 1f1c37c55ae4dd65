"""The profile of Chandra 2, which writes a page as HTML.

It is Qwen3.5's network, so a recipe names this profile. Its first version, which is Qwen3-VL's, was
trained with another prompt.
"""

from __future__ import annotations

from functools import partial

from schemas import tokens
from workers.engines.grammars import parsers
from workers.engines.profiles.profile import STRONGER, Mode, Profile

# The lists stand in the prompt as Python prints them.
_TAGS = [
    *("math", "br", "i", "b", "u", "del", "sup", "sub", "table", "tr", "td", "p", "th", "div"),
    *("pre", "h1", "h2", "h3", "h4", "h5", "ul", "ol", "li", "input", "a", "span", "img", "hr"),
    *("tbody", "small", "caption", "strong", "thead", "big", "code", "chem"),
]
_ATTRIBUTES = [
    *("class", "colspan", "rowspan", "display", "checked", "type", "border", "value", "style"),
    *("href", "alt", "align", "data-bbox", "data-label"),
]
_LABELS = (
    *("Caption", "Footnote", "Equation-Block", "List-Group", "Page-Header", "Page-Footer"),
    *("Image", "Section-Header", "Table", "Text", "Complex-Block", "Code-Block", "Form"),
    *("Table-Of-Contents", "Figure", "Chemical-Block", "Diagram", "Bibliography", "Blank-Page"),
)
_GUIDELINES = f"""\
Only use these tags {_TAGS}, and these attributes {_ATTRIBUTES}.

Guidelines:
* Inline math: Surround math with <math>...</math> tags. Math expressions should be rendered in \
KaTeX-compatible LaTeX. Use display for block math.
* Tables: Use colspan and rowspan attributes to match table structure.
* Formatting: Maintain consistent formatting with the image, including spacing, indentation, \
subscripts/superscripts, and special characters.
* Images: Include a description of any images in the alt attribute of an <img> tag. Do not fill \
out the src property. Describe in detail inside the div tag. Also convert charts to high fidelity \
data, and convert diagrams to mermaid.
* Forms: Mark checkboxes and radio buttons properly.
* Text: join lines together properly into paragraphs using <p>...</p> tags.  Use <br> tags for \
line breaks within paragraphs, but only when absolutely necessary to maintain meaning.
* Chemistry: Use <chem>...</chem> tags for chemical formulas with reactive SMILES.
* Lists: Preserve indents and proper list markers.
* Use the simplest possible HTML structure that accurately represents the content of the block.
* Make sure the text is accurate and easy for a human to read and interpret.  Reading order should \
be correct and natural."""
_LAYOUT = (
    "OCR this image to HTML, arranged as layout blocks.  Each layout block should be a div with "
    "the data-bbox attribute representing the bounding box of the block in x0 y0 x1 y1 format.  "
    "Bboxes are normalized 0-1000. The data-label attribute is the label for the block.\n\n"
    "Use the following labels:\n"
    + "".join(f"- {label}\n" for label in _LABELS)
    + f"\n{_GUIDELINES}"
)

# The area of a page in its `scale_to_fit`; the processor makes it multiples of 32 pixels.
_FEWEST_PX, _MOST_PX = 1792 * 28, 3072 * 2048

CHANDRA_2 = Profile(
    name="chandra-2",
    model_types=("qwen3_5",),
    needs_name=True,
    modes=(
        Mode(
            "native",
            partial(tokens.qwen, _FEWEST_PX, _MOST_PX, side_px=32),
            {"size": {"shortest_edge": _FEWEST_PX, "longest_edge": _MOST_PX}},
        ),
    ),
    default_mode="native",
    prompts={"markdown": _LAYOUT, "text": f"OCR this image to HTML.\n\n{_GUIDELINES}"},
    template="chat",
    parse=parsers.chandra,
    # Its authors read again, at a higher temperature, what repeats itself at its end.
    stronger=STRONGER,
    # Its generation_config.json has the other end token only (`model/hf.py`).
    stop=("<|im_end|>",),
    sources=(
        "https://github.com/datalab-to/chandra (prompts.py, model, settings.py; 0.2.0)",
        "https://huggingface.co/datalab-to/chandra-ocr-2",
    ),
)
