"""Put texts through the policies, in their order: what was found, and what becomes of each text.

Each policy sees the text as the ones before it left it. The first that rejects a text ends it.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from schemas.decontaminate import Benchmark
from schemas.findings import Finding, FindingRow, findings_key
from schemas.hidden_text import HiddenRow
from schemas.keep import rules_for
from schemas.policies import PolicyStep
from workers import store
from workers.policies import decontamination, keeping, personal, trust
from workers.policies.decontamination import Index, PictureIndex, build_index, build_pictures
from workers.policies.editing import Applied, Edit, after, edited, edits_of, place_after
from workers.policies.keeping import Standard, Values
from workers.policies.lists import unpack

Find = Callable[[Sequence["Passage"]], list[list[Finding]]]
"""The findings of a policy in each of some passages."""
Lists = str | bytes
"""What policies look for: where `workers.policies.lists` has packed it, or its bytes."""


@dataclass(frozen=True, slots=True)
class Passage:
    """What policies see of a row: its text, and its language as the row says.

    `beside` are texts of the row that its own text leaves out: those of furniture, and what its PDF
    hides. `image_hash` and `picture`, which reads its file, are those of a page; so is `hidden`,
    which is None for a page without a text layer. `values` are those of the row as it was read, as
    far as `keep` looks at them, and `is_edited` says that a policy has changed its text since.
    """

    text: str
    language: str = "und"
    beside: tuple[str, ...] = ()
    image_hash: bytes | None = None
    picture: Callable[[], bytes] | None = None
    hidden: HiddenRow | None = None
    values: Values = field(default_factory=dict)
    is_edited: bool = False


@dataclass(frozen=True, slots=True)
class Judge:
    """A policy that is ready to find: its settings in the recipe, and what it has loaded."""

    step: PolicyStep
    find: Find


@dataclass(frozen=True, slots=True)
class Judgement:
    """What becomes of a text.

    `applied` are the findings at their places in `text`. `barred_by` is the number of the policy
    that rejects it, None for a text that stays; `text` is then as that policy saw it. `edits` are
    those of the text by each policy, in order; `editing` the numbers of the policies that edit the
    row, if only beside its text.
    """

    text: str
    applied: tuple[Applied, ...] = ()
    barred_by: int | None = None
    edits: tuple[tuple[Edit, ...], ...] = ()
    editing: frozenset[int] = frozenset()

    def rows(self) -> list[FindingRow] | None:
        """The findings as a row has them; None where there are none."""
        return [item.to_row() for item in self.applied] or None

    @property
    def key(self) -> int:
        """The findings' `schemas.findings.findings_key`."""
        return findings_key(self.rows())

    def places(self, before: Sequence[int]) -> list[int]:
        """Where places of the text before all edits are in it now."""
        now = list(before)
        for edits in self.edits:
            now = [place_after(place, edits, is_end=False) for place in now]
        return now

    @property
    def is_edited(self) -> bool:
        """Whether a policy edits the row."""
        return bool(self.editing)


def load(
    steps: Sequence[PolicyStep], lists: Lists | None = None, standard: Standard | None = None
) -> list[Judge]:
    """The policies of a recipe, ready to find.

    Policies that look for lists of items need these, and `keep` the standard of its table.
    """
    return [
        Judge(
            step, _LOADERS[step.name](step, lists) if step.keep is None else _keep(step, standard)
        )
        for step in steps
    ]


def judge(passages: Sequence[Passage], judges: Sequence[Judge]) -> list[Judgement]:
    """What becomes of each passage."""
    results = [Judgement(passage.text) for passage in passages]
    for number, policy in enumerate(judges):
        alive = [place for place, result in enumerate(results) if result.barred_by is None]
        seen = [
            replace(passages[n], text=results[n].text, is_edited=results[n].is_edited)
            for n in alive
        ]
        for place, findings in zip(alive, policy.find(seen), strict=True):
            results[place] = _after(results[place], findings, policy.step, number)
    return results


def _after(before: Judgement, findings: Sequence[Finding], step: PolicyStep, n: int) -> Judgement:
    """What becomes of a text after one more policy."""
    applied = [
        Applied(finding, action)
        for finding in findings
        if (action := step.action_of(finding.kind)) is not None
    ]
    if any(map(_bars, applied)):
        return replace(before, applied=(*before.applied, *applied), barred_by=n)
    edits = edits_of(before.text, applied)
    text = edited(before.text, edits)
    moved = after((*before.applied, *applied), edits)
    # Nothing is left to learn from, so the row is not worth its place.
    barred_by = n if edits and not text.strip() else None
    is_editing = any(item.action in ("mask", "cut") for item in applied)
    editing = before.editing | ({n} if is_editing else set())
    return Judgement(text, tuple(moved), barred_by, (*before.edits, tuple(edits)), editing)


def _bars(item: Applied) -> bool:
    """Whether a finding rejects its row; so does a picture that should be cut out of it.

    Other findings in no place of the text are beside it, and are taken out there.
    """
    return item.action == "reject" or (item.action == "cut" and item.finding.is_whole)


# ---- the policies -----------------------------------------------------------------------------


def _trust(step: PolicyStep, lists: Lists | None) -> Find:
    assert step.trust is not None
    floor = step.trust.hidden_share

    def find(passage: Passage) -> list[Finding]:
        return [*trust.hidden_text(passage.hidden, floor), *trust.find(passage.text)]

    return lambda passages: list(map(find, passages))


def _decontaminate(step: PolicyStep, lists: Lists | None) -> Find:
    assert step.decontaminate is not None
    assert lists is not None
    index, pictures = _benchmarks(lists, step.decontaminate)

    def find(passages: Sequence[Passage]) -> list[list[Finding]]:
        def picture(number: int) -> bytes:
            read = passages[number].picture
            assert read is not None
            return read()

        in_texts = decontamination.find(index, [passage.text for passage in passages])
        hashes = [passage.image_hash for passage in passages]
        in_pictures = decontamination.find_pictures(pictures, hashes, picture)
        return [[*one, *other] for one, other in zip(in_texts, in_pictures, strict=True)]

    return find


def _pii(step: PolicyStep, lists: Lists | None) -> Find:
    settings = step.pii
    assert settings is not None

    def find(passage: Passage) -> list[Finding]:
        found = personal.find_all([passage.text, *passage.beside], passage.language)
        in_text, *beside = (list(filter(settings.counts, one)) for one in found)
        kinds = Counter(one.kind for of_text in beside for one in of_text)
        # Beside the text there is no place to name, only how many there are.
        counted = [(kind, f"{kinds[kind]} beside the text") for kind in sorted(kinds)]
        return [*(Finding(0, 0, "pii", kind, detail=many) for kind, many in counted), *in_text]

    return lambda passages: list(map(find, passages))


def _keep(step: PolicyStep, standard: Standard | None) -> Find:
    assert step.keep is not None
    assert standard is not None
    rules, shares = rules_for(step.keep, standard.table), standard.shares

    def find(passage: Passage) -> list[Finding]:
        edited = passage.text if passage.is_edited else None
        return keeping.find(rules, shares, passage.values, passage.language, edited)

    return lambda passages: list(map(find, passages))


@functools.lru_cache(maxsize=2)  # of one run, and of the one before it in the same process
def _benchmarks(lists: Lists, named: tuple[Benchmark, ...]) -> tuple[Index, PictureIndex]:
    items = unpack(store.read_bytes(lists) if isinstance(lists, str) else lists)
    return build_index(items, named), build_pictures(items, named)


_LOADERS: dict[str, Callable[[PolicyStep, Lists | None], Find]] = {
    "trust": _trust,
    "decontaminate": _decontaminate,
    "pii": _pii,
}
