"""What policies see of a row, and what they seek in all of them. Values only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from schemas.findings import Finding
from schemas.hidden_text import HiddenRow
from schemas.triggers import SoughtTrigger
from workers.policies.decontamination import Piece
from workers.policies.editing import Edit
from workers.policies.keeping import Standard, Values
from workers.policies.personal import Names

Lists = str | bytes
"""Items of benchmarks: where `workers.policies.lists` has packed them, or their bytes."""


@dataclass(frozen=True, slots=True)
class Passage:
    """What policies see of a row: its text, and its language as the row says.

    `beside` are texts of the row that its own text leaves out: those of furniture, and what its PDF
    hides. `image_hash` and `picture`, which reads its file, are those of a page; so is `hidden`,
    which is None for a page without a text layer. `crops` are the texts of a page's crops. A value
    that is found in a text `along` this one is found here, too. `values` are those of the row as it
    was read, as far as `keep` looks at them. `edits` made `text` of the text `before`, as it was
    read.

    The pages of a document begin at `offsets` in its text. `items` are the benchmarks' items in it
    before any policy, None where they are not known. `pieces` are those of a page: what it has of
    items that go over its edges.
    """

    text: str
    language: str = "und"
    beside: tuple[str, ...] = ()
    image_hash: bytes | None = None
    picture: Callable[[], bytes] | None = None
    hidden: HiddenRow | None = None
    crops: tuple[str, ...] = ()
    along: tuple[str, ...] = ()
    values: Values = field(default_factory=dict)
    before: str | None = None
    edits: tuple[tuple[Edit, ...], ...] = ()
    offsets: tuple[int, ...] = ()
    items: tuple[Finding, ...] | None = None
    pieces: tuple[Piece, ...] = ()

    @property
    def is_edited(self) -> bool:
        """Whether a policy has changed the text."""
        return any(self.edits)


@dataclass(frozen=True, slots=True)
class Sought:
    """What policies look for that no recipe says: items of benchmarks, triggers that were planted
    in the corpus, lines that many documents share, where the shares of `keep` end, and what a model
    found of people in the texts."""

    lists: Lists | None = None
    triggers: Sequence[SoughtTrigger] = ()
    lines: Lists | None = None
    standard: Standard | None = None
    names: Names | None = None
