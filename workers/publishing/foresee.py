"""Foresee what policies would make of the rows of a file, and show examples. Writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pyarrow.parquet as pq

from schemas.findings import changes_text, findings_key, is_in_crop
from schemas.policies import PolicyStep
from workers.policies import Judge, Judgement, Passage, Sought, judge, load
from workers.policies.decontamination import Piece
from workers.policies.editing import Applied
from workers.policies.personal import Names
from workers.publishing.full_rows import kept_by, passage_columns, passages_of
from workers.publishing.pieces import PieceOfPage, parted
from workers.publishing.records import Level, RowsFile

_ROWS_AT_ONCE = 1024
_AROUND = 60
_MOST_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Foreseeing:
    """A file whose rows to judge; `barred` are the ids of those that are rejects of policies now.

    The file is a part of a table, or holds originals. A row of a part whose text was changed is
    passed over: its original is judged. Crops are not judged here. `pieces` are those of pages, by
    their ids. `names` finds those in texts, where a policy looks for any.
    """

    file: RowsFile
    level: Level
    steps: tuple[PolicyStep, ...]
    sought: Sought
    barred: frozenset[str] = frozenset()
    pieces: Mapping[str, tuple[Piece, ...]] = field(default_factory=dict)
    names: Callable[[Sequence[str]], Names] | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """A finding as a person wants to see it: the row, and the words with some around them."""

    policy: str
    kind: str
    action: str
    row_id: str
    before: str
    words: str
    after: str


@dataclass(slots=True)
class Foreseen:
    """What would become of rows.

    `findings` counts rows by level, policy, kind and action. `leaving`, `changing` and `returning`
    count the rows that do not stay as they are, by level; `tokens` are those of pages that leave.
    `pieces` are what documents say of their pages.
    """

    judged: Counter[str] = field(default_factory=Counter)
    leaving: Counter[str] = field(default_factory=Counter)
    changing: Counter[str] = field(default_factory=Counter)
    returning: Counter[str] = field(default_factory=Counter)
    tokens: int = 0
    findings: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    examples: list[Example] = field(default_factory=list)
    pieces: list[PieceOfPage] = field(default_factory=list)

    def __add__(self, other: Foreseen) -> Foreseen:
        return Foreseen(
            self.judged + other.judged,
            self.leaving + other.leaving,
            self.changing + other.changing,
            self.returning + other.returning,
            self.tokens + other.tokens,
            self.findings + other.findings,
            _first([*self.examples, *other.examples]),
            [*self.pieces, *other.pieces],
        )


def foresee(task: Foreseeing) -> Foreseen:
    """Judge a file's rows."""
    result = Foreseen()
    key = "doc_id" if task.level == "document" else "page_id"
    start, kept = 0, kept_by(task.level, task.steps)
    with task.file.open() as handle:
        file = pq.ParquetFile(handle)
        seen = passage_columns(task.level, task.file, task.steps)
        wanted = dict.fromkeys([key, *seen, "text_tokens", "findings"])
        names = [n for n in wanted if n.partition(".")[0] in file.schema_arrow.names]
        for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE, columns=names):
            rows = batch.to_pylist()
            said = [row.get("findings") or [] for row in rows]
            alive = [n for n, found in enumerate(said) if not changes_text(findings_key(found))]
            now = [findings_key([f for f in found if not is_in_crop(f)]) for found in said]
            mine = [rows[number] for number in alive]
            places = [start + n for n in alive]
            pieces = {
                place: task.pieces[row[key]]
                for place, row in zip(places, mine, strict=True)
                if row[key] in task.pieces
            }
            passages = passages_of(mine, places, task.file, names=kept, pieces=pieces)
            judges = _judges(task, passages)
            if task.level == "document":
                passages, of_pages = parted(mine, passages, judges)
                result.pieces += of_pages
            for number, found in zip(alive, judge(passages, judges), strict=True):
                row = rows[number]
                _count(result, task, row[key], row["text_tokens"], now[number], found)
                result.examples += _examples(row[key], row["text"], found)
            result.examples = _first(result.examples)
            start += len(rows)
    return result


def _judges(task: Foreseeing, passages: Sequence[Passage]) -> list[Judge]:
    """The policies, which know the names in some passages."""
    if task.names is None:
        return load(task.steps, task.sought)
    texts = [text for passage in passages for text in (passage.text, *passage.beside)]
    return load(task.steps, replace(task.sought, names=task.names(texts)))


def _count(
    result: Foreseen, task: Foreseeing, row_id: str, tokens: int, said: int, found: Judgement
) -> None:
    level, was_barred = task.level, row_id in task.barred
    result.judged[level] += 1
    kinds = {(a.finding.policy, a.finding.kind, a.action) for a in found.applied}
    result.findings.update((level, *kind) for kind in kinds)
    if found.barred_by is not None:
        result.leaving[level] += not was_barred
        result.tokens += tokens if level == "page" and not was_barred else 0
    elif was_barred:
        result.returning[level] += 1
    elif found.key != said:
        result.changing[level] += 1


def _examples(row_id: str, text: str, found: Judgement) -> list[Example]:
    """The findings of the first policy that found any: their places are those of the row's text."""
    if found.barred_by is None and found.is_edited:
        return _edited_examples(row_id, text, found)
    return [_example(row_id, found.text, item) for item in found.applied]


def _edited_examples(row_id: str, text: str, found: Judgement) -> list[Example]:
    edits = next((edits for edits in found.edits if edits), ())  # none where furniture is masked
    changing = [item for item in found.applied if item.action in ("mask", "cut")]
    return [
        _shown(row_id, text, item, edit.start, edit.end)
        for item, edit in zip(changing, edits, strict=False)
    ]


def _example(row_id: str, text: str, item: Applied) -> Example:
    return _shown(row_id, text, item, item.finding.start, item.finding.end)


def _shown(row_id: str, text: str, item: Applied, start: int, end: int) -> Example:
    return Example(
        item.finding.policy,
        item.finding.kind,
        item.action,
        row_id,
        text[max(0, start - _AROUND) : start],
        text[start:end],
        text[end : end + _AROUND],
    )


def _first(examples: list[Example]) -> list[Example]:
    """The first examples of each kind and action, in the order of their rows."""
    taken: Counter[tuple[str, str, str]] = Counter()
    first = []
    for example in sorted(examples, key=lambda e: (e.policy, e.kind, e.action, e.row_id)):
        kind = (example.policy, example.kind, example.action)
        if taken[kind] < _MOST_EXAMPLES:
            taken[kind] += 1
            first.append(example)
    return first
