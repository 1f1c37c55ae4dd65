"""What files beside documents state, by their names and their texts."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.provenance import NOTHING, Provenance
from workers.sources.beside import MAX_BYTES, facts_in, license_in, stated_by


@pytest.mark.parametrize(
    ("text", "license"),
    [
        ("MIT License\n\nCopyright (c) 2026 A. N. Other\n\nPermission is hereby", "MIT"),
        ("The MIT License (MIT)\n=====================\n", "MIT"),
        ("                                 Apache License\n"
         "                           Version 2.0, January 2004\n"
         "                        http://www.apache.org/licenses/\n", "Apache-2.0"),
        ("# BSD 3-Clause License\n\nCopyright", "BSD-3-Clause"),
        ("Attribution-NonCommercial-ShareAlike 4.0 International\n\n=======\n\nCreative Commons",
         "CC-BY-NC-SA-4.0"),
        ("Creative Commons Attribution 4.0 International Public License\n\nBy exercising",
         "CC-BY-4.0"),
        ("Creative Commons Legal Code\n\nAttribution-NoDerivs 3.0 Unported\n", "CC-BY-ND-3.0"),
        ("Creative Commons Legal Code\n\nCC0 1.0 Universal\n", "CC0-1.0"),
        ("CC-BY-SA-4.0\n", "CC-BY-SA-4.0"),
        ("https://creativecommons.org/licenses/by/4.0/\n", "CC-BY-4.0"),
        ("SPDX-License-Identifier: CC-BY-4.0 OR MIT\n", "CC-BY-4.0 OR MIT"),
        # Nothing is guessed from what a text permits, or from the mere word.
        ("All files here are free for any use.\n", None),
        ("These scans are under the MIT License, unless a page says otherwise.\n", None),
        ("GNU GENERAL PUBLIC LICENSE\nVersion 3, 29 June 2007\n", None),  # only, or later?
        ("Attribution-Unheard 4.0 International", None),
        ("", None),
    ],
)  # fmt: skip
def test_a_licence_is_named_or_not_known(text: str, license: str | None) -> None:
    assert license_in(text) == license
    by = "folder" if license else None
    assert stated_by("a/LICENSE", text.encode()) == Provenance(license=license, license_from=by)


def test_json_states_facts_under_their_names_in_any_case() -> None:
    fields = {"LICENSE": "MIT", "Title": " A  b ", "authors": ["A", 3, "B"], "url": "a.pdf"}
    assert stated_by("a.json", json.dumps(fields).encode()) == Provenance(
        title="A b", author="A; B", license="MIT", license_from="beside"
    )


@pytest.mark.parametrize(
    "data",
    [b"", b"[1]", b'"text"', b"{", b'{"title": 3}', b"[" * 100_000, b'{"a":"' + b"x" * MAX_BYTES],
)
def test_json_that_is_something_else_states_nothing(data: bytes) -> None:
    assert stated_by("a.json", data) == NOTHING


@given(st.binary(max_size=300), st.sampled_from(["a.json", "LICENSE"]))
def test_any_file_is_read(data: bytes, name: str) -> None:
    assert isinstance(stated_by(name, data), Provenance)


@given(st.dictionaries(st.text(), st.text() | st.none() | st.lists(st.integers())))
def test_any_fields_are_read(fields: dict[str, object]) -> None:
    assert isinstance(facts_in(fields, "column"), Provenance)
