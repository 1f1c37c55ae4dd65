"""The profile of MinerU2.5, which reads a page in two passes: its layout, then each region.

It is Qwen2-VL's network, so a recipe names this profile. Its authors give text and tables a penalty
for tokens that came before (1.0 and 0.05 or less) in vLLM, and none in transformers: nor do we.
"""

from __future__ import annotations

from functools import partial

from schemas import tokens
from workers.engines.grammars import parsers
from workers.engines.grammars.mineru import mineru_page, mineru_regions
from workers.engines.profiles.profile import Guard, LayoutFirst, Mode, Profile

_CELLS = ("<fcel>", "<ecel>", "<lcel>", "<ucel>", "<xcel>", "<nl>")
_TEXT = "\nText Recognition:"
# Pictures of 4 to 2,048 tokens, a token being 28 x 28 pixels.
_FEWEST_PX, _MOST_PX = 56 * 56, 2048 * 28 * 28

MINERU_2_5 = Profile(
    name="mineru-2.5",
    model_types=("qwen2_vl",),
    needs_name=True,
    modes=(
        Mode(
            "native",
            partial(tokens.qwen, _FEWEST_PX, _MOST_PX),
            {"size": {"shortest_edge": _FEWEST_PX, "longest_edge": _MOST_PX}},
        ),
    ),
    default_mode="native",
    prompts={"markdown": "\nLayout Detection:", "text": _TEXT},
    template="chat",
    system="You are a helpful assistant.",
    parse=parsers.mineru,
    # As their `no_repeat_ngram_size` of 100, which looks back over the whole answer.
    guard=Guard(100, 1000, _CELLS),
    stronger=Guard(12, 1024, _CELLS),
    layout_first=LayoutFirst(
        side_px=1036,
        regions=mineru_regions,
        prompts={"table": "\nTable Recognition:", "equation": "\nFormula Recognition:"},
        prompt=_TEXT,
        join=mineru_page,
    ),
    sources=(
        "arXiv 2509.22186",
        "arXiv 2604.04771",
        "https://github.com/opendatalab/mineru-vl-utils (mineru_client.py, post_process)",
        "https://huggingface.co/opendatalab/MinerU2.5-2509-1.2B",
    ),
)
