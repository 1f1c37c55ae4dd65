"""Put texts through the policies, in their order: what was found, and what becomes of each text.

Each policy sees the text as the ones before it left it. The first that rejects a text ends it. The
crops of a page are judged with it, each by its own text: what is found in one is found in the page,
whose picture shows it, too.
"""

from __future__ import annotations

import functools
import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from schemas.crop_links import blanked_links
from schemas.decontaminate import Benchmark
from schemas.findings import Finding, FindingRow, findings_key
from schemas.keep import rules_for
from schemas.policies import PolicyStep
from workers import store
from workers.policies import decontamination, keeping, personal, poisoning, shared_lines, trust
from workers.policies.decontamination import (
    Index,
    PictureIndex,
    Piece,
    build_index,
    build_pictures,
    with_pieces,
)
from workers.policies.editing import Applied, Edit, after, edited, edits_of, place_after
from workers.policies.lists import unpack
from workers.policies.passages import Lists, Passage, Sought
from workers.policies.personal import Names

_NOTHING = Sought()
Find = Callable[[Sequence[Passage]], list[list[Finding]]]
"""The findings of a policy in each of some passages."""


@dataclass(frozen=True, slots=True)
class Judge:
    """A policy that is ready to find: its settings in the recipe, and what it has loaded.

    `names` are those that a model found, for a policy that looks for any; `index` has the items of
    a policy that looks for benchmarks.
    """

    step: PolicyStep
    find: Find
    names: Names | None = None
    index: Index | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What becomes of a text.

    `applied` are the findings at their places in `text`. `barred_by` is the number of the policy
    that rejects it, None for a text that stays; `text` is then as that policy saw it. `edits` are
    those of the text by each policy, in order; `editing` the numbers of the policies that edit the
    row, if only beside its text or in one of its crops. `crops` are the judgements of those; what
    they find is in `applied`, too, as of the whole row. `pieces` are those of the passage.
    """

    text: str
    applied: tuple[Applied, ...] = ()
    barred_by: int | None = None
    edits: tuple[tuple[Edit, ...], ...] = ()
    editing: frozenset[int] = frozenset()
    crops: tuple[Judgement, ...] = ()
    pieces: tuple[Piece, ...] = ()

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


def load(steps: Sequence[PolicyStep], sought: Sought = _NOTHING) -> list[Judge]:
    """The policies of a recipe, ready to find what it says and what they seek besides."""
    return [
        Judge(step, _LOADERS[step.name](step, sought), _names(step, sought), _index(step, sought))
        for step in steps
    ]


def judge(passages: Sequence[Passage], judges: Sequence[Judge]) -> list[Judgement]:
    """What becomes of each passage, and of the crops that some have."""
    results = _judge(passages, judges)
    parents = [number for number, passage in enumerate(passages) if passage.crops]
    crops = [crop for number in parents for crop in _crops_of(passages[number])]
    judged = iter(_judge(crops, judges) if crops else ())
    for number in parents:
        own = tuple(itertools.islice(judged, len(passages[number].crops)))
        results[number] = _with_crops(results[number], own, judges)
    return results


def _crops_of(page: Passage) -> Iterator[Passage]:
    texts = (page.text, *page.beside)
    for number, text in enumerate(page.crops):
        others = (*page.crops[:number], *page.crops[number + 1 :])
        yield Passage(text, page.language, along=(*texts, *others), pieces=page.pieces)


def _with_crops(
    page: Judgement, crops: tuple[Judgement, ...], judges: Sequence[Judge]
) -> Judgement:
    """What becomes of a page with these crops: it is rejected where one of them is."""
    # A crop that a cut has emptied is barred itself, and its page stays.
    barring = [
        page.barred_by,
        *(crop.barred_by for crop in crops if "reject" in {item.action for item in crop.applied}),
    ]
    barred_by = min((number for number in barring if number is not None), default=None)
    seen = {policy.step.name for policy in judges[: None if barred_by is None else barred_by + 1]}
    applied = [
        *page.applied,
        *(item.in_crop(number) for number, crop in enumerate(crops) for item in crop.applied),
    ]
    return replace(
        page,
        applied=tuple(item for item in applied if item.finding.policy in seen),
        barred_by=barred_by,
        editing=page.editing.union(*(crop.editing for crop in crops)),
        crops=crops,
    )


def _judge(passages: Sequence[Passage], judges: Sequence[Judge]) -> list[Judgement]:
    results = [Judgement(passage.text, pieces=passage.pieces) for passage in passages]
    for number, policy in enumerate(judges):
        alive = [place for place, result in enumerate(results) if result.barred_by is None]
        seen = [
            replace(
                passages[place],
                text=blanked_links(results[place].text),
                before=passages[place].text,
                edits=results[place].edits,
            )
            for place in alive
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


def _trust(step: PolicyStep, sought: Sought) -> Find:
    assert step.trust is not None
    floor = step.trust.hidden_share

    def find(passages: Sequence[Passage]) -> list[list[Finding]]:
        triggers = poisoning.find([passage.text for passage in passages], sought.triggers)
        return [
            [*trust.hidden_text(passage.hidden, floor), *sorted([*trust.find(passage.text), *more])]
            for passage, more in zip(passages, triggers, strict=True)
        ]

    return find


def _decontaminate(step: PolicyStep, sought: Sought) -> Find:
    assert step.decontaminate is not None
    assert sought.lists is not None
    index, pictures = _benchmarks(sought.lists, step.decontaminate)

    def find(passages: Sequence[Passage]) -> list[list[Finding]]:
        def picture(number: int) -> bytes:
            read = passages[number].picture
            assert read is not None
            return read()

        known = [None if one.is_edited else one.items for one in passages]
        unknown = [one.text for one, items in zip(passages, known, strict=True) if items is None]
        new = iter(decontamination.find(index, unknown))
        in_texts = [next(new) if items is None else items for items in known]
        in_texts = [
            with_pieces(found, one.pieces, one.text) if one.pieces else found
            for found, one in zip(in_texts, passages, strict=True)
        ]
        hashes = [passage.image_hash for passage in passages]
        in_pictures = decontamination.find_pictures(pictures, hashes, picture)
        return [[*one, *other] for one, other in zip(in_texts, in_pictures, strict=True)]

    return find


def _index(step: PolicyStep, sought: Sought) -> Index | None:
    if step.decontaminate is None:
        return None
    assert sought.lists is not None
    return _benchmarks(sought.lists, step.decontaminate)[0]


def _names(step: PolicyStep, sought: Sought) -> Names | None:
    if step.pii is None or step.pii.people is None:
        return None
    assert sought.names is not None
    return sought.names


def _pii(step: PolicyStep, sought: Sought) -> Find:
    settings = step.pii
    assert settings is not None
    names = _names(step, sought)

    def find(passage: Passage) -> list[Finding]:
        texts = [passage.text, *passage.beside]
        together = [*texts, *passage.crops, *passage.along]
        named = None
        if names is not None:
            assert passage.before is not None
            own = personal.names_after(names.of(passage.before), passage.edits)
            named = [own, *map(names.of, together[1:])]
        found = personal.find_all(together, passage.language, named)
        in_text, *beside = (list(filter(settings.counts, one)) for one in found[: len(texts)])
        kinds = Counter(one.kind for of_text in beside for one in of_text)
        # Beside the text there is no place to name, only how many there are.
        counted = [(kind, f"{kinds[kind]} beside the text") for kind in sorted(kinds)]
        return [*(Finding(0, 0, "pii", kind, detail=many) for kind, many in counted), *in_text]

    return lambda passages: list(map(find, passages))


def _lines(step: PolicyStep, sought: Sought) -> Find:
    settings, lines = step.lines, sought.lines
    assert settings is not None
    assert lines is not None
    shared, letters = _shared_lines(lines), settings.min_letters
    return lambda passages: [shared_lines.find(one.text, shared, letters) for one in passages]


def _keep(step: PolicyStep, sought: Sought) -> Find:
    standard = sought.standard
    assert step.keep is not None
    assert standard is not None
    rules, shares = rules_for(step.keep, standard.table), standard.shares

    def find(passage: Passage) -> list[Finding]:
        edited = passage.text if passage.is_edited else None
        return keeping.find(rules, shares, passage.values, passage.language, edited)

    return lambda passages: list(map(find, passages))


@functools.lru_cache(maxsize=2)  # of one run, and of the one before it in the same process
def _shared_lines(lines: Lists) -> shared_lines.Shared:
    return shared_lines.unpack(store.read_bytes(lines) if isinstance(lines, str) else lines)


@functools.lru_cache(maxsize=2)
def _benchmarks(lists: Lists, named: tuple[Benchmark, ...]) -> tuple[Index, PictureIndex]:
    items = unpack(store.read_bytes(lists) if isinstance(lists, str) else lists)
    return build_index(items, named), build_pictures(items, named)


_LOADERS: dict[str, Callable[[PolicyStep, Sought], Find]] = {
    "trust": _trust,
    "decontaminate": _decontaminate,
    "pii": _pii,
    "lines": _lines,
    "keep": _keep,
}
