"""E-mail addresses are found as people write them, and what only looks like one is not."""

from __future__ import annotations

import pytest

from workers.policies.personal.emails import emails
from workers.policies.personal.evidence import surest


def spans(text: str) -> list[str]:
    return [text[one.start : one.end] for one in emails(text)]


@pytest.mark.parametrize(
    "written",
    [
        "ada@lovelace.org",
        "ada.lovelace+post@mail.example.co.uk",
        r"ada\_lovelace@example.org",  # as Markdown writes it
        "用户@例子.中国",
        "ada (at) lovelace (dot) org",
        "ada[at]lovelace.org",
        "ada at lovelace dot org",
        "ada {at} post.lovelace.org",
        "ada (arroba) lovelace.es",
        "ada.lovelace@exam-\nple.org",
        "ada.lovelace@\nexample.org",
        "ada@lovelace,org",
        "ada©lovelace.org",
        "ada@ lovelace.org",
        "ada @ lovelace.com",
    ],
)
def test_an_address_is_found_whole(written: str) -> None:
    assert written in spans(f"Write to {written} today.")
    assert written in spans(written)


@pytest.mark.parametrize(
    "text",
    [
        "icon@2x.png",
        "package@1.2.3",
        "skipped)\n@pytest.mark.parametrize and @skip\n@pytest.mark.slow",
        "@ada on the network, and foo@bar",
        "The code is available at example.org.",
        "Copyright©example.org",
        "Copyright © Lovelace. In the year",
        "he said to @lovelace.org that",
        "user@host. In the morning it rained",
        "three @ 4.50 each, is it",
        "",
    ],
)
def test_what_looks_like_an_address_is_none(text: str) -> None:
    assert spans(text) == []


def test_a_damaged_address_is_less_certain() -> None:
    (written,), (spelled,), (misread,) = (
        surest(emails(text))
        for text in ("ada@lovelace.org", "ada (at) lovelace.org", "ada©lovelace.org")
    )
    assert written.certainty > spelled.certainty > misread.certainty > 0.5
