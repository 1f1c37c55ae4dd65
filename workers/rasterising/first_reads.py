"""What was read of pages that are not rendered yet. Bounded; runs in the child."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from workers.textlayer.content import FirstRead

_MAX_KEPT_LINES = 20_000  # 400 pages of prose, 20 MB


@dataclass(slots=True)
class FirstReads:
    """What was read of pages that are not rendered yet; the oldest go first.

    A page's text is read for its neighbours before it is rendered, and is needed again then.
    """

    kept: dict[tuple[object, int], FirstRead] = field(default_factory=dict)
    lines: int = 0

    def keep(self, key: object, index: int, first: FirstRead) -> None:
        """Keep a page's first read, in the place of an earlier one."""
        self.take(key, index)
        self.kept[key, index] = first
        self.lines += len(first.content.lines)
        while self.lines > _MAX_KEPT_LINES:
            self.take(*next(iter(self.kept)))

    def take(self, key: object, index: int) -> FirstRead | None:
        """The page's first read, which is then kept no longer."""
        first = self.kept.pop((key, index), None)
        self.lines -= 0 if first is None else len(first.content.lines)
        return first

    def forget_commands(self) -> None:
        """Drop what must not outlive the document."""
        self.kept = {key: replace(first, commands=None) for key, first in self.kept.items()}
