"""What stands in for a model: each page takes its time and has its text, both by its id.

A reading is a sleep, so 160 replicas fit on one machine; all around it is the real replica.
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
_SHAPE = 4.0  # of the gamma distribution: a page's time varies by half its mean
_WORDS_PER_PAGE = 60
_VISION_TOKENS = 256
# The last of so many pages of a document repeats the one before it, for deduplication to find.
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
    """A replica reading `pages` pages without a pause, in seconds of the machine's clock."""

    replica: str
    start_s: float
    end_s: float
    pages: int


def load_scripted(script: Script, settings: ReplicaSettings) -> Replica:
    """A real replica around a scripted engine."""
    return Replica(ScriptedModel(script), settings)


class ScriptedModel:
    """Takes for each page a time of its own, with mean `1 / pages_per_s`, asleep."""

    name = "scripted"
    model = "scripted-1"
    revision = "r1"
    mode = "plain"
    task = "text"
    guard = ""
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
    """What the replicas noted; a spell that a lost node cut short is in no file."""
    spells = []
    for path in sorted(notes.iterdir()):
        for line in path.read_text().splitlines():
            start, end, pages = line.split()
            spells.append(Spell(path.name, float(start), float(end), int(pages)))
    return spells


def page_seconds(page: str) -> float:
    """A page's time at one page a second, by its id."""
    return random.Random(f"time of {page}").gammavariate(_SHAPE, 1 / _SHAPE)


def mean_page_seconds(doc_ids: Sequence[str], pages: int) -> float:
    """The mean over all pages of these documents, which is 1 only nearly.

    Over 245,760 pages it is off by 0.1 % as often as not: as much as 382 pages/s leave to chance.
    """
    drawn = (page_seconds(page_id(doc_id, index)) for doc_id in doc_ids for index in range(pages))
    return sum(drawn) / (len(doc_ids) * pages)


def page_text(page: str) -> str:
    """A page's text by its id: unlike any other's but where pages repeat."""
    doc_id, index = split_page_id(page)
    if index % PAGES_PER_DUPLICATE == PAGES_PER_DUPLICATE - 1:
        page = page_id(doc_id, index - 1)
    return " ".join(random.Random(f"text of {page}").choices(_WORDS, k=_WORDS_PER_PAGE))
