"""Facts of a row: what is not known of it is left out."""

from __future__ import annotations

from typing import Any

from pipelines.view.facts import crop_facts, page_facts
from schemas.tables import CROPS, PAGES

KNOWN = {"text_source": "text_layer", "width": 1280, "height": 905}


def row_of(names: list[str], **known: Any) -> dict[str, Any]:
    return {**dict.fromkeys(names), **KNOWN, **known}


def test_what_is_not_known_is_left_out() -> None:
    assert dict(page_facts(row_of(PAGES.names))) == {
        "engine": "none",
        "text from": "text layer",
        "picture": "1,280 × 905 px",
    }
    assert [name for name, _ in crop_facts(row_of(CROPS.names, label="chart"))] == [
        "region",
        "engine",
        "picture",
    ]


def test_counts_are_written_for_people() -> None:
    known = {"text_tokens": 12_345, "vision_tokens": 256, "language": "en", "language_score": 0.987}
    facts = dict(page_facts(row_of(PAGES.names, **known)))
    assert (facts["text tokens"], facts["vision tokens"]) == ("12,345", "256")
    assert facts["language"] == "en (0.99)"
