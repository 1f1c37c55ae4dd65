"""A conversation that cannot be masked in each of its texts and images is not masked at all."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont

from schemas.policies import PolicyStep
from schemas.recipe import Raster
from workers.policies import Passage, judge, load
from workers.policies.conversations import mask_conversation

EMAIL = "ada.lovelace@example.org"
TURN = f"Write to {EMAIL} today."
POLICY = PolicyStep.model_validate({"pii": "mask"})


def picture(words: str) -> bytes:
    image = Image.new("RGB", (600, 120), "white")
    font = ImageFont.load_default(22)
    ImageDraw.Draw(image).text((20, 40), words, fill="black", font=font)
    out = io.BytesIO()
    image.save(out, "png")
    return out.getvalue()


def conversation(*shown: tuple[str, bytes]) -> tuple[dict[str, Any], bytes]:
    """A turn that is shown in these images, each with its text, and a turn of words."""
    images = [
        {"mode": "base", "width": 600, "height": 120, "vision_tokens": 9, "text": text,
         "bytes": len(data)}
        for text, data in shown
    ]  # fmt: skip
    turns = [
        {"turn": 0, "role": "user", "age": 1, "mode": "base", "text": TURN, "text_tokens": 9,
         "images": list(range(len(shown)))},
        {"turn": 1, "role": "assistant", "age": 0, "mode": "text", "text": "Thanks.",
         "text_tokens": 2, "images": []},
    ]  # fmt: skip
    parts = [{"type": "image", "text": None}] * len(shown)
    row = {
        "text": f"User:\n{TURN}\n\nAssistant:\nThanks.",
        "language": "en",
        "turns": turns,
        "shown": images,
        "messages": [
            {"role": "user", "content": parts},
            {"role": "assistant", "content": [{"type": "text", "text": "Thanks."}]},
        ],
    }
    return row, b"".join(data for _, data in shown)


def masked(row: dict[str, Any], images: bytes) -> tuple[dict[str, Any], bytes] | None:
    judges = load([POLICY])
    (judgement,) = judge([Passage(row["text"], "en")], judges)
    return mask_conversation(row, images, judgement.text, judges[0], Raster())


def test_a_turn_is_masked_where_its_image_can_be_read() -> None:
    row, images = conversation((f"User:\n{TURN}", picture(TURN)))
    result = masked(row, images)
    assert result is not None
    new, data = result
    assert new["shown"][0]["text"] == "User:\nWrite to [EMAIL] today."
    assert new["turns"][0]["text"] == "Write to [EMAIL] today."
    assert new["shown"][0]["bytes"] == len(data) != len(images)
    assert new["tokens_before"] == new["turns"][0]["text_tokens"] + 2
    assert new["tokens_after"] == 9 + 2
    assert row["shown"][0]["text"].endswith(TURN)  # what was given stays


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param([(TURN, picture(""))], id="an image in which nothing is read"),
        pytest.param(
            [
                ("Write to ada.lovel", picture("Write to ada.lovel")),
                ("ace@example.org today.", picture("ace@example.org today.")),
            ],
            id="a value that goes on in the next image",
        ),
    ],
)
def test_a_turn_whose_value_has_no_sure_place_is_not(shown: list[tuple[str, bytes]]) -> None:
    assert masked(*conversation(*shown)) is None
