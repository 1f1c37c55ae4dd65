"""The texts in which names are sought: those of rows that are judged, each once.

    rows of a file ─► their texts, furniture, hidden fragments, crops, turns ─► keys
                   ─► those that nobody has read yet, written to a file

A text is known by a hash of its characters, so a text that stands in many rows is read once. The
model sees no links to crops, and no text without a letter. A document's text is read apart from
those of its pages, since a name may go on over a page break.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.crop_links import blanked_links
from schemas.policies import PolicyStep
from workers import store
from workers.policies.conversations import texts_of_turns
from workers.publishing.crops import CropPlaces, crop_texts
from workers.publishing.full_rows import passage_columns, passages_of
from workers.publishing.records import Level, RowsFile
from workers.publishing.rows_of import RowsOf
from workers.text_models.texts import KEY, Keys, text_key

_TEXTS_A_GROUP = 1024
_OF_CONVERSATIONS = [
    "turns.list.element.text",
    "shown.list.element.text",
    "messages.list.element.content.list.element.type",
    "messages.list.element.content.list.element.text",
]


def seen_text(text: str) -> str | None:
    """A text as the model sees it; None for one without a letter, which it need not see."""
    return blanked_links(text) if any(map(str.isalpha, text)) else None


@dataclass(frozen=True, slots=True)
class NameTexts:
    """Rows of a file in whose texts the policy `step` seeks names, and their crops, if any."""

    rows: RowsOf
    level: Level
    step: PolicyStep
    crops: CropPlaces | None

    def texts(self) -> Iterator[str]:
        """The texts as the model sees them; some stand there more than once."""
        crops = {} if self.crops is None else crop_texts(self.crops)
        columns = passage_columns(self.level, self.rows.file, [self.step])
        assert self.step.pii is not None
        has_turns = self.level == "page" and bool(self.step.pii.masked_kinds)
        columns += _OF_CONVERSATIONS if has_turns else []
        done = 0
        for batch in self.rows.batches(columns):
            places = self.rows.rows[done : done + batch.num_rows].tolist()
            done += batch.num_rows
            rows = batch.to_pylist()
            for row, one in zip(
                rows, passages_of(rows, places, self.rows.file, crops), strict=True
            ):
                turns = texts_of_turns(row) if has_turns and row.get("messages") else ()
                for text in (one.text, *one.beside, *one.crops, *turns):
                    if (seen := seen_text(text)) is not None:
                        yield seen


def name_keys(task: NameTexts) -> tuple[NameTexts, Keys]:
    """The keys of the texts, sorted and each once."""
    keys = {text_key(text) for text in task.texts()}
    return task, np.array(sorted(keys), KEY)


@dataclass(frozen=True, slots=True)
class Writing:
    """The texts of some rows that are wanted, by their keys, and where to write them."""

    source: NameTexts
    wanted: Keys
    uri: str


def write_name_texts(task: Writing) -> RowsFile:
    """Write each wanted text once, as a row of a file with a column `text`."""
    left = {key.tobytes() for key in task.wanted}
    out = io.BytesIO()
    schema = pa.schema([("text", pa.string())])
    held: list[dict[str, Any]] = []
    with pq.ParquetWriter(out, schema, compression="lz4") as writer:

        def write() -> None:
            writer.write_table(pa.Table.from_pylist(held, schema))
            held.clear()

        for text in task.source.texts():
            key = text_key(text)
            if key in left:
                left.remove(key)
                held.append({"text": text})
            if len(held) == _TEXTS_A_GROUP:
                write()
        write()
    assert not left
    store.write_bytes(task.uri, out.getvalue())
    return RowsFile(task.uri, "staged", len(task.wanted))
