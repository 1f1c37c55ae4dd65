"""The profile of dots.ocr and dots.mocr (dots.ocr-1.5), for vLLM and servers.

transformers (5.23) has no class for them; how vLLM gets by without code of the checkpoint stands in
`workers.engines.vllm.dots`.

The prompt is written here as their authors send it to vLLM. The checkpoint's own chat template
leaves the marks of the user's turn out where a message is a list of parts: in a test of 300 images
by others 61 answers were bad with it, 7 with the marks (intel/llm-scaler, pull request 682).

Its authors sample (temperature 0.1, `top_p` 0.9); pages are read greedily, as with all families.
"""

from __future__ import annotations

from functools import partial

from schemas import tokens
from workers.engines.grammars import parsers
from workers.engines.profiles.profile import STRONGER, Mode, Profile

_FEWEST_PX, _MOST_PX = 56 * 56, 11_289_600

_LAYOUT = (
    "Please output the layout information from the PDF image, including each layout element's "
    "bbox, its category, and the corresponding text content within the bbox.\n\n"
    "1. Bbox format: [x1, y1, x2, y2]\n\n"
    "2. Layout Categories: The possible categories are ['Caption', 'Footnote', 'Formula', "
    "'List-item', 'Page-footer', 'Page-header', 'Picture', 'Section-header', 'Table', 'Text', "
    "'Title'].\n\n"
    "3. Text Extraction & Formatting Rules:\n"
    "    - Picture: For the 'Picture' category, the text field should be omitted.\n"
    "    - Formula: Format its text as LaTeX.\n"
    "    - Table: Format its text as HTML.\n"
    "    - All Others (Text, Title, etc.): Format their text as Markdown.\n\n"
    "4. Constraints:\n"
    "    - The output text must be the original text from the image, with no translation.\n"
    "    - All layout elements must be sorted according to human reading order.\n\n"
    "5. Final Output: The entire output must be a single JSON object.\n"
)

DOTS_OCR = Profile(
    name="dots-ocr",
    model_types=("dots_ocr",),
    modes=(
        Mode(
            "native",
            partial(tokens.qwen, _FEWEST_PX, _MOST_PX),
            {"size": {"shortest_edge": _FEWEST_PX, "longest_edge": _MOST_PX}},
            seen_px=partial(tokens.qwen_picture, _FEWEST_PX, _MOST_PX),
        ),
    ),
    default_mode="native",
    prompts={"markdown": _LAYOUT, "text": "Extract the text content from this image."},
    template="raw",
    raw="<|user|><|img|>{image}<|endofimg|>{prompt}<|endofuser|><|assistant|>",
    parse=parsers.dots,
    stronger=STRONGER,
    engines=("vllm",),
    sources=(
        "arXiv 2512.02498",
        "https://github.com/rednote-hilab/dots.ocr (dots_ocr/utils, dots_ocr/model/inference.py)",
        "https://huggingface.co/rednote-hilab/dots.mocr (config.json)",
    ),
)
