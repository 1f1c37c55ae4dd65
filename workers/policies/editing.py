"""Apply findings to a text: cut or mask what was found, and say where it is afterwards. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from schemas.findings import Action, Finding, FindingRow, detail_in_crop

ActionOf = Callable[[str], Action | None]


@dataclass(frozen=True, slots=True)
class Applied:
    """A finding and what becomes of it."""

    finding: Finding
    action: Action

    def to_row(self) -> FindingRow:
        """A row of `schemas.tables.FINDING`."""
        found = self.finding
        return {
            "policy": found.policy,
            "kind": found.kind,
            "action": self.action,
            "start": found.start,
            "end": found.end,
            "certainty": round(found.certainty, 4),
            "detail": found.detail,
        }

    def in_crop(self, number: int) -> Applied:
        """The finding as the page of a crop says it: of the whole row, with its place in words."""
        detail = detail_in_crop(number, self.finding.start, self.finding.detail)
        return replace(self, finding=replace(self.finding, start=0, end=0, detail=detail))

    def moved(self, start: int, end: int) -> Applied:
        """The same finding at another place."""
        return replace(self, finding=replace(self.finding, start=start, end=end))


def placeholder(kind: str) -> str:
    """What stands for a masked span.

    >>> placeholder("email")
    '[EMAIL]'
    """
    return f"[{kind.upper()}]"


@dataclass(frozen=True, slots=True)
class Edit:
    """`text[start:end]` becomes `new`."""

    start: int
    end: int
    new: str


def edits_of(text: str, applied: Iterable[Applied]) -> list[Edit]:
    """The edits that findings ask for, in order. Those that overlap become one, of the first.

    A cut takes one of the two white spaces around it along.
    """
    edits: list[Edit] = []
    for item in sorted(applied, key=lambda a: (a.finding.start, -a.finding.end)):
        if item.action not in ("mask", "cut") or item.finding.is_whole:
            continue
        start, end = item.finding.start, item.finding.end
        new = placeholder(item.finding.kind) if item.action == "mask" else ""
        if edits and start < edits[-1].end:
            last = edits[-1]
            edits[-1] = Edit(last.start, max(last.end, end), last.new or new)
        else:
            edits.append(Edit(start, end, new))
    return _joined(edit if edit.new else _with_space(text, edit) for edit in edits)


def _with_space(text: str, edit: Edit) -> Edit:
    """A cut with the white space on one of its sides, that with fewer line ends."""
    before, behind = text[: edit.start], text[edit.end :]
    space_before = before[len(before.rstrip()) :]
    space_behind = behind[: len(behind) - len(behind.lstrip())]
    if not behind or (before and space_behind.count("\n") > space_before.count("\n")):
        return Edit(edit.start - len(space_before), edit.end, "")
    if not before or space_before:
        return Edit(edit.start, edit.end + len(space_behind), "")
    return edit


def _joined(edits: Iterable[Edit]) -> list[Edit]:
    """Edits that touch in common white space as one."""
    joined: list[Edit] = []
    for edit in edits:
        if joined and edit.start < joined[-1].end:
            last = joined[-1]
            joined[-1] = Edit(last.start, max(last.end, edit.end), last.new + edit.new)
        else:
            joined.append(edit)
    return joined


def edited(text: str, edits: Sequence[Edit]) -> str:
    """The text after edits that are in order and do not overlap."""
    pieces, done = [], 0
    for edit in edits:
        pieces += [text[done : edit.start], edit.new]
        done = edit.end
    return "".join([*pieces, text[done:]])


def place_after(place: int, edits: Sequence[Edit], is_end: bool) -> int:
    """Where a place of the text is after the edits.

    A place within an edit moves to the beginning, or for an end to the end, of what is new there.
    """
    shift = 0
    for edit in edits:
        if place >= edit.end and not (is_end and place == edit.start == edit.end):
            shift += len(edit.new) - (edit.end - edit.start)
        elif place > edit.start or (place == edit.start and not is_end):
            begin = edit.start + shift
            return begin + len(edit.new) if is_end else begin
        else:
            break
    return place + shift


def after(applied: Iterable[Applied], edits: Sequence[Edit]) -> list[Applied]:
    """The findings at their places in the edited text."""
    return [
        item
        if item.finding.is_whole
        else item.moved(
            place_after(item.finding.start, edits, is_end=False),
            place_after(item.finding.end, edits, is_end=True),
        )
        for item in applied
    ]
