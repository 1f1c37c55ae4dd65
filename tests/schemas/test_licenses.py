"""Licences get their SPDX names, and stay as written where they have none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.licenses import MAX_LICENSE_CHARS, license_named


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("https://creativecommons.org/licenses/by/4.0/", "CC-BY-4.0"),
        ("http://www.creativecommons.org/licenses/by-nc-nd/3.0", "CC-BY-NC-ND-3.0"),
        ("https://creativecommons.org/licenses/by/3.0/de/deed.en", "CC-BY-3.0-DE"),
        ("https://creativecommons.org/licenses/by-sa/4.0/legalcode.de", "CC-BY-SA-4.0"),
        ("https://creativecommons.org/publicdomain/zero/1.0/", "CC0-1.0"),
        ("https://spdx.org/licenses/MIT.html", "MIT"),
        ("https://opensource.org/license/mit/", "MIT"),
        ("cc-by-4.0", "CC-BY-4.0"),
        ("CC BY 4.0", "CC-BY-4.0"),
        ("apache-2.0 or mit", "Apache-2.0 OR MIT"),
        # A port that SPDX does not list is not the licence that it was made from.
        ("http://creativecommons.org/licenses/by/2.5/zz/", None),
        ("https://creativecommons.org/licenses/by/9.9/", None),
        ("https://example.org/creativecommons.org/licenses/by/4.0/", None),
        ("All rights reserved", None),
        ("(mit)", None),
    ],
)
def test_a_licence_has_its_name(written: str, name: str | None) -> None:
    assert license_named(written) == (name or written)


def test_no_text_is_no_licence() -> None:
    assert license_named(" \n ") is None


@given(st.text())
def test_any_text_gives_one_bounded_line(text: str) -> None:
    name = license_named(text) or "-"
    assert len(name) <= MAX_LICENSE_CHARS
    assert len(name.splitlines()) == 1
