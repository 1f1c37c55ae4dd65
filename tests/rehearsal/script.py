"""A stand-in for the model: the id of a page decides how long it takes and which text it has.

Reading is sleeping, so 160 replicas fit on one machine. The replica around the model is the real
one.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from schemas.ids import page_id, split_page_id
from schemas.pages import PageImage, Reading
from workers.engines import Engine
from workers.reading import Replica, ReplicaSettings

PAGES_PER_S = 2.39  # 33,000,000 pages a day / 86,400 s / 160 replicas
_SHAPE = 4.0  # of the gamma distribution: the standard deviation is half the mean
_WORDS_PER_PAGE = 60
_VISION_TOKENS = 256
# Of every 64 pages of a document the last repeats the one before, for deduplication to find.
PAGES_PER_DUPLICATE = 64
_WORDS = tuple(
    """
able after again against air along also always animal another answer around because been before
began being below between body both bring build built call came can change city close color come
could country course cover cross cut day deep did different direct does done door down draw during
each early earth east end enough even ever every example eye face fact family far farm fast father
feet few field figure fill final find fine fire first fish five follow food form found four free
""".split()  # noqa: SIM905 - eighty quoted words are no easier to read
)


@dataclass(frozen=True, slots=True)
class Script:
    """How fast replicas read, and the folder where each notes when it was reading."""

    pages_per_s: float
    notes: str


@dataclass(frozen=True, slots=True)
class Spell:
    """A replica reads `pages` pages without a pause; times are of the machine's monotonic clock."""

    replica: str
    start_s: float
    end_s: float
    pages: int


def load_scripted(script: Script, settings: ReplicaSettings) -> Replica:
    """A real replica around a scripted engine."""
    return Replica(ScriptedModel(script), settings)


class ScriptedModel:
    """Sleeps a different time for each page, `1 / pages_per_s` on average."""

    name = "scripted"
    model = "scripted-1"
    revision = "r1"
    mode = "plain"
    task = "text"
    guard = ""
    is_continuous = False
    retries: Sequence[Engine] = ()
    figure: Engine | None = None

    def __init__(self, script: Script) -> None:
        self._script = script
        self._replica = f"{os.getpid()}-{time.monotonic_ns()}"

    def read(self, pages: Sequence[PageImage]) -> list[Reading]:
        start_s = time.monotonic()
        takes_s = sum(page_seconds(page.page_id) for page in pages) / self._script.pages_per_s
        readings = [
            Reading(page.page_id, page_text(page.page_id), (), _VISION_TOKENS, confidence=0.95)
            for page in pages
        ]
        time.sleep(max(0.0, start_s + takes_s - time.monotonic()))
        self._note(start_s, len(pages))
        return readings

    def _note(self, start_s: float, pages: int) -> None:
        with (Path(self._script.notes) / self._replica).open("a") as handle:
            handle.write(f"{start_s} {time.monotonic()} {pages}\n")


def read_spells(notes: Path) -> list[Spell]:
    """The spells that the replicas noted; one that a lost node cut short is in no file."""
    spells = []
    for path in sorted(notes.iterdir()):
        for line in path.read_text().splitlines():
            start, end, pages = line.split()
            spells.append(Spell(path.name, float(start), float(end), int(pages)))
    return spells


def page_seconds(page: str) -> float:
    """The time of a page, by its id, at an average of one page a second."""
    return random.Random(f"time of {page}").gammavariate(_SHAPE, 1 / _SHAPE)


def mean_page_seconds(doc_ids: Sequence[str], pages: int) -> float:
    """The mean time of all pages of these documents, which is not exactly 1.

    Over 245,760 pages it deviates by about 0.1 % (0.5 / √245,760), as much as the rate of 160
    replicas (382.4 pages/s) exceeds its bar (381.9 pages/s).
    """
    drawn = (page_seconds(page_id(doc_id, index)) for doc_id in doc_ids for index in range(pages))
    return sum(drawn) / (len(doc_ids) * pages)


def page_text(page: str) -> str:
    """The text of a page, by its id; only planned duplicates have the same text."""
    doc_id, index = split_page_id(page)
    if index % PAGES_PER_DUPLICATE == PAGES_PER_DUPLICATE - 1:
        page = page_id(doc_id, index - 1)
    return " ".join(random.Random(f"text of {page}").choices(_WORDS, k=_WORDS_PER_PAGE))
