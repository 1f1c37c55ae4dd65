"""The child's side of made pages: counts and makes the pages of one record.

Runs in the child process that `fenced`, the parent's side, calls. Owns what becomes of a record: a
text is set as pages, a chat fades, and anything else is one picture drawn by its kind's `drawing`
module. Reads no files and starts no processes.

A record's `content` is a text, the JSON of a chat, a SMILES string, or the number of a draw. Its
pages are a function of its content and its source's settings: all random choices come from its id.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from PIL import Image

from schemas.charts import ChartSource, FormulaSource
from schemas.conversations import ConversationSource
from schemas.figures import ChemistrySource, GeometrySource, TableSource
from schemas.ids import page_id
from schemas.pages import Maker, PageError, PageImage, RasteredPage, Reading
from schemas.sources import RecordSource, kind_of, record_id, settings_digest
from schemas.text_source import TextSource
from schemas.tokens import reduced
from schemas.typography import space
from workers.rasterising import RasterSettings, page_error
from workers.rasterising.drawing import ink_share
from workers.rasterising.pictures import encode
from workers.synthetic.conversations.fading import fade
from workers.synthetic.conversations.turns import from_content, transcript
from workers.synthetic.degrade import degrade_drawn
from workers.synthetic.drawn import Drawn
from workers.synthetic.text import typeset
from workers.synthetic.text.blocks import Run, TextBlock, plain_blocks
from workers.synthetic.text.fonts import script_of
from workers.synthetic.text.markdown import markdown_blocks
from workers.synthetic.text.typography import Style, sample
from workers.text import clean, harmful_chars
from workers.text.signatures import IMAGE_HASH_BYTES, image_hash


def chance(doc_id: str, page_index: int | None = None) -> np.random.Generator:
    """The random generator of a document, or of one of its pages."""
    entropy = [int(doc_id[:32], 16)] + ([] if page_index is None else [1, page_index])
    return np.random.default_rng(entropy)


def draw(source: RecordSource, content: str, doc_id: str) -> Drawn:
    """The only page of a record that is not a text. Raises DocumentError if it cannot be drawn."""
    rng = chance(doc_id)
    # Each library takes up to a second to import, and most children need one of them.
    if isinstance(source, ChartSource):
        from workers.synthetic.charts import drawing as charts

        return charts.draw(rng, source)
    if isinstance(source, FormulaSource):
        from workers.synthetic.formulas import drawing as formulas

        return formulas.draw(rng, source)
    if isinstance(source, ChemistrySource):
        from workers.synthetic.chemistry import drawing as chemistry

        return chemistry.draw(rng, source, content)
    if isinstance(source, GeometrySource):
        from workers.synthetic.geometry import drawing as geometry

        return geometry.draw(rng, source)
    assert isinstance(source, TableSource)
    from workers.synthetic.tables import drawing as tables

    return tables.draw(rng, source)


_NO_PAGES = PageError("no_pages", "the record has no text that a font could draw")


def count_pages(source: TextSource, contents: Sequence[str]) -> list[int | PageError]:
    """How many pages each text takes, or why they cannot be counted."""
    return [_count(source, content) for content in contents]


def _count(source: TextSource, content: str) -> int | PageError:
    try:
        count = typeset.count(_blocks(source, content), _style(source, content, content))
    except Exception as exc:  # noqa: BLE001 - a worker's boundary: becomes a typed reject
        return page_error(exc)
    return count or _NO_PAGES


@dataclass(slots=True)
class _OpenCounts:
    """A long text that is being counted: the sections to come, and the pages of those counted."""

    key: tuple[TextSource, str] | None = None
    sections: Iterator[int] = field(default_factory=lambda: iter(()))
    counts: list[int] = field(default_factory=list)


_counted = _OpenCounts()


def count_section(source: TextSource, content: str, number: int) -> int | PageError | None:
    """Pages of section `number` of a text from 0, None past the last.

    The text stays open between calls, so sections asked for in order are each counted once.
    """
    try:
        if _counted.key != (source, content):
            sections = typeset.section_counts(
                _blocks(source, content), _style(source, content, content)
            )
            _counted.key, _counted.sections, _counted.counts = (source, content), sections, []
        while len(_counted.counts) <= number:
            _counted.counts.append(next(_counted.sections))
    except StopIteration:
        return None if number else _NO_PAGES
    except Exception as exc:  # noqa: BLE001 - a worker's boundary: becomes a typed reject
        _counted.key = None
        return page_error(exc)
    return _counted.counts[number]


def make_pages(
    source: RecordSource,
    content: str,
    doc_id: str,
    indices: range,
    settings: RasterSettings,
    counts: Sequence[int] = (),
) -> list[RasteredPage]:
    """Make some pages of a record; a page that fails is a RasteredPage with an error.

    `counts` are the page counts of a text's first sections, as far as they are known.
    """
    pages = []
    for index in indices:
        page = page_id(doc_id, index)
        try:
            if isinstance(source, ConversationSource):
                pages.append(_conversation_page(source, content, page, settings))
                continue
            if isinstance(source, TextSource):
                drawn = _text_page(source, content, doc_id, index, settings, counts)
            else:
                drawn = _fitted(draw(source, content, doc_id), settings.raster.longest_edge_px)
            pages.append(_finished(drawn, page, source, settings))
        except Exception as exc:  # noqa: BLE001 - a worker's boundary: becomes a typed reject
            pages.append(RasteredPage(page, error=page_error(exc)))
    return pages


def _fitted(drawn: Drawn, longest_edge_px: int) -> Drawn:
    """`drawn` reduced to `longest_edge_px`; it is never enlarged."""
    width, height = reduced(*drawn.picture.size, longest_edge_px)
    if (width, height) == drawn.picture.size:
        return drawn
    picture = drawn.picture.resize((width, height), Image.Resampling.LANCZOS)
    return replace(drawn, picture=picture)


def _finished(
    drawn: Drawn, page: str, source: RecordSource, settings: RasterSettings
) -> RasteredPage:
    picture = drawn.picture
    grey = picture.convert("L")
    darkest, lightest = grey.getextrema()
    if darkest == lightest:  # a single thin stroke is a page, however small its share
        return RasteredPage(page, error=PageError("blank", "no pixel is marked"))
    return RasteredPage(
        page,
        PageImage(page, encode(picture, settings.raster), picture.width, picture.height),
        ink_share(grey),
        image_hash(grey),
        Reading(page, drawn.text, drawn.blocks, cleaned_chars=drawn.cleaned_chars),
        maker=_maker(source),
    )


def _maker(source: RecordSource) -> Maker:
    if isinstance(source, TextSource):
        task = "markdown" if source.format == "markdown" else "text"
        return Maker("rendered", "text", source.preset, task)
    if isinstance(source, ConversationSource):
        return Maker("rendered", "conversations", source.preset, "conversation")
    return Maker("synthetic", kind_of(source), "", "figure")


def _conversation_page(
    source: ConversationSource, content: str, page: str, settings: RasterSettings
) -> RasteredPage:
    turns = from_content(content)
    text = transcript(turns)
    style = _style(source, content, text)
    cleaned = [turn._replace(text=clean(turn.text)) for turn in turns]
    faded = fade(cleaned, source, style, page, settings.raster)
    return RasteredPage(
        page,
        image_hash=bytes(IMAGE_HASH_BYTES),  # no page image: duplicates are found by the text
        layer=Reading(page, text, cleaned_chars=faded.cleaned_chars),
        maker=_maker(source),
        conversation=faded.conversation,
    )


@dataclass(slots=True)
class _OpenText:
    """A text that is being set: the index of the next page, and where `pages` ends."""

    key: tuple[str, str, int] | None = None
    pages: Iterator[Drawn] = field(default_factory=lambda: iter(()))
    next_index: int = 0
    stop: int = 0


def _blocks(source: TextSource, content: str) -> tuple[TextBlock, ...]:
    text = clean(content)
    if source.preset == "code" and source.format == "plain":
        return (TextBlock("code", (Run(text),)),)
    return markdown_blocks(text) if source.format == "markdown" else plain_blocks(text)


def _style(source: TextSource | ConversationSource, content: str, text: str) -> Style:
    """The style of a record, drawn from its id and fit for the script of `text`."""
    chosen = space(source.preset, source.typography)
    return sample(chance(record_id(source, content)), chosen, script_of(text))


_open = _OpenText()
# Consecutive calls continue in the open text for this many pages; then it is set anew.
_AHEAD = 512


def _text_page(
    source: TextSource,
    content: str,
    doc_id: str,
    index: int,
    settings: RasterSettings,
    counts: Sequence[int],
) -> Drawn:
    edge = settings.raster.longest_edge_px
    key = doc_id, settings_digest(source), edge
    if _open.key != key or _open.next_index != index or index == _open.stop:
        _open.key, _open.next_index, _open.stop = key, index, index + _AHEAD
        _open.pages = typeset.pages(
            _blocks(source, content),
            _style(source, content, content),
            range(index, index + _AHEAD),
            longest_edge_px=edge,
            markdown=source.format == "markdown",
            counts=counts,
        )
    try:
        drawn = next(_open.pages)
    except Exception:
        _open.key = None
        raise
    _open.next_index += 1
    if index == 0:  # harmful characters were removed before paging, so the first page counts them
        cleaned_chars = drawn.cleaned_chars + harmful_chars(content)
        drawn = replace(drawn, cleaned_chars=cleaned_chars)
    if source.degrade is not None:
        return degrade_drawn(drawn, chance(doc_id, index), source.degrade)
    return drawn
