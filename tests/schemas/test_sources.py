"""Sources of records: their kind, the identity of a record, and its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.charts import ChartSource
from schemas.document_source import DocumentSource
from schemas.errors import RecipeError
from schemas.figures import ChemistrySource
from schemas.recipe import parse_recipe
from schemas.shards import SeenFile
from schemas.sources import (
    KINDS,
    is_made,
    kind_of,
    listed_as,
    listed_uri,
    locations,
    media_type,
    names_sample,
    record_id,
    record_place,
    record_uri,
    relocated,
    settings_digest,
)
from schemas.text_source import TextSource


def sources_of(text: str):
    return parse_recipe(f"dataset: d\nsources:\n{text}").sources


def test_a_source_is_of_the_kind_that_its_key_names() -> None:
    sources = sources_of(
        "- documents: a\n- text: [b, c]\n- charts: 3\n- formulas: 4\n"
        "- chemistry: [m.smi, sample]\n- geometry: 5\n- tables: 6\n"
        "- conversations: chats/*.jsonl\n- dataset: lake/manuals\n"
    )
    assert tuple(map(kind_of, sources)) == KINDS
    assert [locations(source) for source in sources] == [
        ("a",), ("b", "c"), (), (), ("m.smi",), (), (), ("chats/*.jsonl",), ("lake/manuals",),
    ]  # fmt: skip
    moved = [locations(relocated(source, lambda name: f"/{name}")) for source in sources]
    assert moved == [
        ("/a",),
        ("/b", "/c"),
        (),
        (),
        ("/m.smi",),
        (),
        (),
        ("/chats/*.jsonl",),
        ("/lake/manuals",),
    ]
    assert [names_sample(source) for source in sources].count(True) == 1


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("- folder: a", "a source names one of: documents, text, charts"),
        ("- charts: 0", "sources.0.charts: 1 or more belongs here, not 0"),
        (
            "- {charts: 3, colour: red}",
            "sources.0.colour: this key does not exist; the keys here are group, charts",
        ),
        (
            "- {text: a, preset: fancy}",
            "sources.0.preset: one of document, web, dark, code, glyph belongs here, not 'fancy'",
        ),
        (
            "- {documents: a, charts: 3}",
            "sources.0.charts: a source has one kind; make this a separate source",
        ),
    ],
)
def test_a_wrong_source_is_told_in_one_line_of_its_kind(source: str, message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        sources_of(source)
    assert message in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_where_records_lie_and_how_many_are_drawn_is_not_their_identity() -> None:
    assert settings_digest(ChartSource(charts=3)) == settings_digest(ChartSource(charts=4))
    assert settings_digest(TextSource(text=("a",))) == settings_digest(TextSource(text=("b",)))


def test_settings_and_kind_and_content_are_their_identity() -> None:
    sources = [
        TextSource(text=("a",)),
        TextSource(text=("a",), seed=1),
        TextSource(text=("a",), preset="web"),
        ChemistrySource(chemistry=("a",)),
    ]
    ids = {record_id(source, text) for source in sources for text in ("C", "CC")}
    assert len(ids) == 2 * len(sources)


@given(st.text(min_size=1), st.integers(0, 2**40), st.none() | st.text())
def test_a_place_says_its_file_and_number_whatever_the_names(file, number, name) -> None:
    source = ChartSource(charts=1)
    listed = listed_uri(file, source)
    uri = record_uri(listed, number, name)
    assert record_place(uri) == (file, settings_digest(source), number)
    file_of_it = SeenFile(uri, 1, "1")
    assert listed_as(file_of_it, media_type(source)) == listed
    assert listed_as(file_of_it, "application/pdf") == uri


@given(st.text())
def test_what_is_no_place_of_a_record_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not the place of a record"):
        record_place(text.replace("#", ""))


def test_only_records_are_made() -> None:
    assert is_made(media_type(ChartSource(charts=1)))
    assert not is_made("application/pdf")
    assert not is_made(None)
    assert kind_of(DocumentSource(documents=("a",))) == "documents"
