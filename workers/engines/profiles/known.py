"""All profiles: what each family of checkpoints is asked, at which sizes, and how it answers.

Prompts are those that the models were trained with, letter for letter. The modes fix the sizes, so
that a mode's cost does not depend on a checkpoint's `preprocessor_config.json`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from schemas import tokens
from schemas.errors import RecipeError
from schemas.tokens import VisionTokens
from workers.engines.grammars import parsers
from workers.engines.profiles.chandra import CHANDRA_2
from workers.engines.profiles.deepseek import DEEPSEEK_OCR, DEEPSEEK_OCR_2, UNLIMITED_OCR
from workers.engines.profiles.dots import DOTS_OCR
from workers.engines.profiles.hunyuan import HUNYUAN_OCR
from workers.engines.profiles.mineru import MINERU_2_5
from workers.engines.profiles.profile import STRONGER, Guard, Mode, Profile
from workers.engines.profiles.qianfan import QIANFAN_OCR

# For tables in OTSL (arXiv 2305.03393): their cells, one token each, may repeat.
_OTSL = Guard(
    12, 1024, ("<fcel>", "<ecel>", "<lcel>", "<ucel>", "<xcel>", "<nl>", "<ched>", "<rhed>")
)

PADDLEOCR_VL = Profile(
    name="paddleocr-vl",
    model_types=("paddleocr_vl",),
    modes=(
        Mode(
            "small",  # what the model card of 1.5 gives for regions
            partial(tokens.paddleocr_vl, 112_896, 1280 * 28 * 28),
            {"size": {"shortest_edge": 112_896, "longest_edge": 1280 * 28 * 28}},
        ),
        Mode(
            "spotting",  # what the model card of 1.5 gives for the prompt `Spotting:`
            partial(tokens.paddleocr_vl, 112_896, 2048 * 28 * 28),
            {"size": {"shortest_edge": 112_896, "longest_edge": 2048 * 28 * 28}},
        ),
        Mode(
            "native",
            partial(tokens.paddleocr_vl, 147_384, 2_822_400),
            {"size": {"shortest_edge": 147_384, "longest_edge": 2_822_400}},
        ),
    ),
    default_mode="native",
    # Trained on regions: of a whole page it gives the text, but no layout. From 1.5 on it also
    # gives lines with their places; 1.6 has the same network, prompts and sizes. The other prompts
    # are `Table Recognition:`, `Formula Recognition:` and, from 1.5 on, `Seal Recognition:`.
    prompts={"text": "OCR:", "grounded": "Spotting:", "figure": "Chart Recognition:"},
    template="chat",
    parse=parsers.paddleocr_vl,
    stronger=_OTSL,
    sources=(
        "arXiv 2510.14528",
        "https://huggingface.co/PaddlePaddle/PaddleOCR-VL (README, preprocessor_config.json)",
        "https://huggingface.co/PaddlePaddle/PaddleOCR-VL-1.5",
        "arXiv 2606.03264",
        "https://huggingface.co/PaddlePaddle/PaddleOCR-VL-1.6",
        "https://github.com/PaddlePaddle/PaddleX (pipelines/paddleocr_vl/uilts.py)",
    ),
)

GOT_OCR_2 = Profile(
    name="got-ocr-2",
    model_types=("got_ocr2",),
    modes=(
        Mode(
            "base",
            tokens.got_squeezed,
            {"crop_to_patches": False, "size": {"height": 1024, "width": 1024}},
        ),
        Mode(
            "tiles",
            partial(tokens.got_tiled, 12),
            {
                "crop_to_patches": True,
                "min_patches": 1,
                "max_patches": 12,
                "size": {"height": 1024, "width": 1024},
            },
        ),
    ),
    default_mode="base",
    prompts={"markdown": "OCR with format: ", "text": "OCR: "},
    template="got",
    parse=parsers.got,
    stronger=STRONGER,
    stop=("<|im_end|>",),
    engines=("transformers",),
    sources=("arXiv 2409.01704", "https://huggingface.co/stepfun-ai/GOT-OCR-2.0-hf"),
)

_GLM_MARKDOWN = (
    "Recognize the text in the image and output in Markdown format. "
    "Preserve the original layout (headings/paragraphs/tables/formulas). "
    "Do not fabricate content that does not exist in the image."
)

GLM_OCR = Profile(
    name="glm-ocr",
    model_types=("glm_ocr",),
    modes=(
        Mode(
            "native",
            partial(tokens.glm, 112 * 112, 14 * 14 * 2 * 2 * 2 * 6144),
            {"size": {"shortest_edge": 112 * 112, "longest_edge": 14 * 14 * 2 * 2 * 2 * 6144}},
        ),
    ),
    default_mode="native",
    prompts={"markdown": _GLM_MARKDOWN, "text": "Text Recognition:"},
    template="chat",
    parse=parsers.glm,
    stronger=STRONGER,
    sources=(
        "https://huggingface.co/zai-org/GLM-OCR",
        "https://github.com/zai-org/GLM-OCR (glmocr/config.yaml)",
    ),
)

LIGHTON_OCR = Profile(
    name="lighton-ocr",
    model_types=("lighton_ocr",),
    modes=(Mode("native", partial(tokens.pixtral, 1540), {"size": {"longest_edge": 1540}}),),
    default_mode="native",
    prompts={"markdown": ""},  # it is asked with the picture alone
    template="chat",
    parse=parsers.lighton,
    stronger=STRONGER,
    sources=("arXiv 2601.14251", "https://huggingface.co/lightonai/LightOnOCR-2-1B"),
)

_OLMOCR_LONGEST_EDGE_PX = 1288
_OLMOCR_PX = (56 * 56, 16384 * 28 * 28)
_OLMOCR_PROMPT = (
    "Attached is one page of a document that you must process. Just return the plain text "
    "representation of this document as if you were reading it naturally. Convert equations to "
    "LateX and tables to HTML.\n"
    "If there are any figures or charts, label them with the following markdown syntax ![Alt text "
    "describing the contents of the figure](page_startx_starty_width_height.png)\n"
    "Return your output as markdown, with a front matter section on top specifying values for the "
    "primary_language, is_rotation_valid, rotation_correction, is_table, and is_diagram parameters."
)


def _olmocr_tokens(width: int, height: int) -> VisionTokens:
    return tokens.qwen(*_OLMOCR_PX, *tokens.reduced(width, height, _OLMOCR_LONGEST_EDGE_PX))


OLMOCR_2 = Profile(
    name="olmocr-2",
    model_types=("qwen2_5_vl",),
    modes=(
        Mode(
            "native",
            _olmocr_tokens,
            {"size": {"shortest_edge": _OLMOCR_PX[0], "longest_edge": _OLMOCR_PX[1]}},
            longest_edge_px=_OLMOCR_LONGEST_EDGE_PX,
        ),
    ),
    default_mode="native",
    prompts={"markdown": _OLMOCR_PROMPT},
    template="chat",
    parse=parsers.olmocr,
    stronger=STRONGER,
    sources=(
        "arXiv 2510.19817",
        "https://github.com/allenai/olmocr (prompts.py, build_no_anchoring_v4_yaml_prompt)",
        "https://huggingface.co/allenai/olmOCR-2-7B-1025",
    ),
)

GRANITE_DOCLING = Profile(
    name="granite-docling",
    model_types=("idefics3",),
    modes=(
        Mode(
            "native",
            partial(tokens.idefics3_tiled, 2048),
            {
                "size": {"longest_edge": 2048},
                "max_image_size": {"longest_edge": 512},
                "do_image_splitting": True,
            },
        ),
    ),
    default_mode="native",
    prompts={"markdown": "Convert this page to docling.", "figure": "Convert chart to table."},
    template="chat",
    parse=parsers.doctags,
    stronger=_OTSL,
    sources=(
        "arXiv 2503.11576",
        "https://huggingface.co/ibm-granite/granite-docling-258M",
    ),
)

PROFILES: dict[str, Profile] = {
    profile.name: profile
    for profile in (
        DEEPSEEK_OCR,
        DEEPSEEK_OCR_2,
        UNLIMITED_OCR,
        PADDLEOCR_VL,
        GOT_OCR_2,
        GLM_OCR,
        LIGHTON_OCR,
        OLMOCR_2,
        GRANITE_DOCLING,
        HUNYUAN_OCR,
        QIANFAN_OCR,
        DOTS_OCR,
        CHANDRA_2,
        MINERU_2_5,
    )
}


def find_profile(
    name: str | None, model_type: str, architectures: Sequence[str] = ()
) -> Profile | None:
    """The profile called `name`; without a name, the one that fits a checkpoint's `config.json`.

    None where no profile fits, or only some that need their name. Raises RecipeError for an unknown
    name.
    """
    if name is not None:
        if name not in PROFILES:
            names = ", ".join(sorted(PROFILES))
            raise RecipeError(f"there is no profile {name!r}; choose one of {names}")
        return PROFILES[name]
    found = [profile for profile in PROFILES.values() if not profile.needs_name]
    for profile in found:
        if set(profile.architectures) & set(architectures):
            return profile
    for profile in found:
        # Where both name architectures, these already differed above.
        is_other = architectures and profile.architectures
        if model_type in profile.model_types and not is_other:
            return profile
    return None


def profiles_to_name(model_type: str) -> list[str]:
    """The names of the profiles that fit `model_type`, but only if a recipe names them."""
    return [
        profile.name
        for profile in PROFILES.values()
        if profile.needs_name and model_type in profile.model_types
    ]
