"""A fake engine, which implements the same protocol as the real ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from schemas.pages import PageImage, Reading
from workers.engines import Engine


@dataclass(eq=False)
class ScriptedEngine:
    """Returns `answer(page)` for each page, and records the page ids of each call."""

    answer: Callable[[PageImage], Reading]
    name: str = "fake"
    model: str = "fake-1"
    revision: str = "r1"
    mode: str = "plain"
    task: str = "text"
    guard: str = ""
    is_continuous: bool = False
    retries: Sequence[Engine] = ()
    figure: Engine | None = None
    calls: list[list[str]] = field(default_factory=list)

    def read(self, pages: Sequence[PageImage]) -> list[Reading]:
        self.calls.append([page.page_id for page in pages])
        return [self.answer(page) for page in pages]
