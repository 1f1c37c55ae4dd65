"""The profiles of DeepSeek-OCR, its second version, and Unlimited-OCR, which continues the first.

The three share an output grammar (`<|ref|>label<|/ref|><|det|>boxes<|/det|>` before each block, or
Unlimited-OCR's shorter form), a tokenizer, and a tendency to loop: on 3.69 % of PDFs in the first
version, 2.88 % in the second (arXiv 2601.20552). Their guards are those of the released scripts.
"""

from __future__ import annotations

from functools import partial

from schemas import tokens
from schemas.engine_spec import Task
from workers.engines.grammars import parsers
from workers.engines.profiles.profile import Guard, Mode, Profile

_CELLS = ("<td>", "</td>")
_CELL_IDS = (128821, 128822)  # in the released tokenizer; vLLM's recipe for DeepSeek-OCR has them
# The window of the second try covers a page (1,050 tokens on average) and not a few lines, so that
# it also stops a paragraph that repeats.
_STRONGER = Guard(12, 1024, _CELLS, _CELL_IDS)

_PROMPTS: dict[Task, str] = {
    "markdown": "<|grounding|>Convert the document to markdown.",
    "text": "Free OCR.",
    "grounded": "<|grounding|>OCR this image.",
    "figure": "Parse the figure.",
    "describe": "Describe this image in detail.",
    "locate": "Locate <|ref|>{target}<|/ref|> in the image.",
}

_V1_MODES = (
    Mode(
        "tiny",
        partial(tokens.deepseek_squeezed, 512),
        {"base_size": 512, "image_size": 512, "crop_mode": False},
    ),
    Mode(
        "small",
        partial(tokens.deepseek_squeezed, 640),
        {"base_size": 640, "image_size": 640, "crop_mode": False},
    ),
    Mode(
        "base",
        partial(tokens.deepseek_padded, 1024),
        {"base_size": 1024, "image_size": 1024, "crop_mode": False},
    ),
    Mode(
        "large",
        partial(tokens.deepseek_padded, 1280),
        {"base_size": 1280, "image_size": 1280, "crop_mode": False},
    ),
    Mode(
        "gundam",
        partial(tokens.deepseek_tiled, 640, 1024, 6),
        {"base_size": 1024, "image_size": 640, "crop_mode": True},
    ),
    Mode(
        "gundam-m",
        partial(tokens.deepseek_tiled, 1024, 1280, 6),
        {"base_size": 1280, "image_size": 1024, "crop_mode": True},
    ),
)

DEEPSEEK_OCR = Profile(
    name="deepseek-ocr",
    # The released config.json says `deepseek_vl_v2`, which vLLM renames as it reads the file.
    model_types=("deepseek_ocr", "deepseek_vl_v2"),
    architectures=("DeepseekOCRForCausalLM",),
    modes=_V1_MODES,
    default_mode="gundam",
    prompts=_PROMPTS,
    template="raw",
    parse=parsers.deepseek,
    guard=Guard(20, 50, _CELLS, _CELL_IDS),
    stronger=_STRONGER,
    sources=(
        "arXiv 2510.18234",
        "https://github.com/deepseek-ai/DeepSeek-OCR (config.py, run_dpsk_ocr_pdf.py)",
        "https://huggingface.co/deepseek-ai/DeepSeek-OCR",
    ),
)

# Without crops the image processor makes the view as large as a tile, while the processor counts
# the view's tokens by `size`. So Base has crops, with tiles so large that no page gets any.
_NO_TILES_PX = 1 << 20

_V2_MODES = (
    Mode(
        "small",
        partial(tokens.deepseek2, 768, 768, 0),
        {"crop_to_patches": False, "tile_size": 768, "size": {"height": 768, "width": 768}},
    ),
    Mode(
        "base",
        partial(tokens.deepseek2, 768, 1024, 0),
        {
            "crop_to_patches": True,
            "tile_size": _NO_TILES_PX,
            "size": {"height": 1024, "width": 1024},
        },
    ),
    Mode(
        "gundam",
        partial(tokens.deepseek2, 768, 1024, 6),
        {
            "crop_to_patches": True,
            "min_patches": 2,
            "max_patches": 6,
            "tile_size": 768,
            "size": {"height": 1024, "width": 1024},
        },
    ),
)

DEEPSEEK_OCR_2 = Profile(
    name="deepseek-ocr-2",
    model_types=("deepseek_ocr2",),
    architectures=("DeepseekOcr2ForConditionalGeneration", "DeepseekOCR2ForCausalLM"),
    modes=_V2_MODES,
    default_mode="gundam",
    prompts=_PROMPTS,
    template="raw",
    parse=parsers.deepseek,
    guard=Guard(20, 50, _CELLS, _CELL_IDS),
    stronger=_STRONGER,
    sources=(
        "arXiv 2601.20552",
        "https://github.com/deepseek-ai/DeepSeek-OCR-2 (config.py, run_dpsk_ocr2_pdf.py)",
        "https://huggingface.co/deepseek-community/DeepSeek-OCR-2",
    ),
)

_UNLIMITED_MODES = (
    Mode(
        "small",
        partial(tokens.deepseek_squeezed, 640),
        {"crop_to_patches": False, "size": {"height": 640, "width": 640}},
    ),
    Mode(
        "base",
        partial(tokens.deepseek_padded, 1024),
        {"crop_to_patches": False, "size": {"height": 1024, "width": 1024}},
    ),
    Mode(
        "gundam",
        partial(tokens.deepseek_tiled, 640, 1024, 32),
        {
            "crop_to_patches": True,
            "min_patches": 2,
            "max_patches": 32,
            "tile_size": 640,
            "size": {"height": 1024, "width": 1024},
        },
    ),
)

UNLIMITED_OCR = Profile(
    name="unlimited-ocr",
    model_types=("unlimited_ocr", "unlimited-ocr"),
    modes=_UNLIMITED_MODES,
    default_mode="gundam",
    prompts={"markdown": "document parsing."},
    template="chat",
    parse=parsers.unlimited,
    guard=Guard(35, 128, _CELLS, _CELL_IDS),
    stronger=_STRONGER,
    resumable=False,  # its window slides over the answer and never over the prompt
    sources=(
        "arXiv 2606.23050",
        "https://github.com/baidu/Unlimited-OCR (README)",
        "https://huggingface.co/baidu/Unlimited-OCR",
    ),
)
