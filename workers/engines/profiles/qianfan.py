"""The profile of Qianfan-OCR, which reads a whole page, and may think of its layout first.

Thinking helps on pages of many kinds of regions and harms on plain ones (arXiv 2603.13398, section
6.1), so it is a task of its own and not the default.
"""

from __future__ import annotations

from functools import partial

from schemas import tokens
from workers.engines.grammars import parsers
from workers.engines.profiles.profile import STRONGER, Mode, Profile

_TILE = {"height": 448, "width": 448}

QIANFAN_OCR = Profile(
    name="qianfan-ocr",
    model_types=("qianfan_ocr",),
    modes=(
        Mode(
            "native",
            partial(tokens.qianfan_tiled, 1, 12),
            {"crop_to_patches": True, "min_patches": 1, "max_patches": 12, "size": _TILE},
        ),
        Mode(
            "dense",  # for newspapers and other dense pages
            partial(tokens.qianfan_tiled, 8, 24),
            {"crop_to_patches": True, "min_patches": 8, "max_patches": 24, "size": _TILE},
        ),
    ),
    default_mode="native",
    prompts={
        "markdown": "Parse this document to Markdown.",
        "grounded": "Parse this document to Markdown.<think>",
    },
    template="chat",
    parse=parsers.qianfan,
    stronger=STRONGER,
    sources=(
        "arXiv 2603.13398",
        "https://huggingface.co/baidu/Qianfan-OCR (README)",
        "https://huggingface.co/docs/transformers/model_doc/qianfan_ocr",
        "https://skills.sh/baidubce/skills/qianfanocr-document-intelligence (dense pages)",
    ),
)
