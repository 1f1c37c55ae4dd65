"""Fetch the links of lists, before the inventory examines what they give.

    read lists ─► [ ask: robots.txt, conditions, redirects ] per chunk of hosts ─► files, by URL

Every run asks for every link, since a list says nothing of what its links give; a link that gives
the same costs no body. A host's links are in one task at a time, so its bounds hold over the whole
cluster: a wave has some links of each host, and a link that is redirected to another host is asked
for in a later wave, by the task of that host. What is fetched is kept at once, so a killed
inventory asks again with etag and date only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from cluster.pool import Policy, run_pool
from cluster.runtime import Step
from cluster.session import Session
from pipelines.steps.places import links_folder
from pipelines.steps.tasks import TASK_DEADLINE_S, run_tasks
from schemas.document_source import DocumentSource
from schemas.forgotten import NOTHING_FORGOTTEN, Forgotten
from schemas.inventory import Document
from schemas.lines import one_line
from schemas.links import Links
from schemas.provenance import NOTHING, Provenance
from schemas.recipe import Recipe
from schemas.shards import FETCHED, SeenFile
from schemas.sources import Source
from workers import store
from workers.dataset.forgotten import TakenDown
from workers.sources import Examined
from workers.sources.kept_links import Kept
from workers.sources.links import (
    Link,
    ListRead,
    Outcome,
    by_host,
    fetch_links,
    not_fetched,
    read_list,
)

if TYPE_CHECKING:  # a task draws no bar
    from cluster.progress import Meter

WAVE_LINKS = 1000
"""Links of one host in a wave: an hour and less at a request a second."""

CHUNK_LINKS = 1024
CHUNK_HOSTS = 64

_SLOWEST_INTERVAL_S = 60.0
_TRIES = 2


@dataclass(slots=True)
class Fetched:
    """What the links of all lists gave.

    - `files` are to be examined like files of folders, each with its list's source. Their URIs are
      the links, their versions the digests of what was fetched.
    - `rejects` are what must not be fetched or never can, `gone` what is no longer there, and
      `failed` what may come another time.
    - `owners` has the source of each link, by its URL, and `stated` what its list states of it.
    - `left_out` are the documents that links gave and that were taken down.
    - `bytes_fetched` are those of bodies, `bytes_of_lists` what was read of the lists.
    """

    files: dict[SeenFile, Source] = field(default_factory=dict)
    rejects: list[Examined] = field(default_factory=list)
    gone: list[Examined] = field(default_factory=list)
    failed: list[Examined] = field(default_factory=list)
    owners: dict[str, DocumentSource] = field(default_factory=dict)
    stated: dict[str, Provenance] = field(default_factory=dict)
    left_out: set[str] = field(default_factory=set)
    bytes_of_lists: int = 0
    bytes_fetched: int = 0

    def others(
        self, known: Iterable[Document], on_missing: Literal["keep", "remove"]
    ) -> list[Examined]:
        """What gave no file. A document that is gone stays where `on_missing` keeps it."""
        kept: set[str] = set()
        if on_missing == "keep":
            kept = {file.container for d in known for file in d.files if file.is_link}
        gone = [result for result in self.gone if result.file.uri not in kept]
        return [*self.rejects, *gone, *self.failed]


# ---- chunks of hosts --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FetchChunk:
    """Links of one or several hosts that one task asks for: all that a wave has of these hosts."""

    links: tuple[Link, ...]
    settings: Links
    kept: Kept


def fetch_chunk(chunk: FetchChunk) -> list[Outcome]:
    """Ask for the links of a chunk."""
    return fetch_links(chunk.links, chunk.settings, chunk.kept)


def split_chunk(chunk: FetchChunk) -> Sequence[FetchChunk]:
    """Two chunks of half the hosts each; a chunk of one host is returned alone."""
    hosts = list(by_host(chunk.links).values())
    if len(hosts) < 2:
        return [chunk]
    half = len(hosts) // 2
    return [
        replace(chunk, links=tuple(link for host in part for link in host))
        for part in (hosts[:half], hosts[half:])
    ]


def chunk_deadline_s(chunk: FetchChunk) -> float:
    """Longest time of a task: that of its host with the most links, each asked for twice."""
    most = max(map(len, by_host(chunk.links).values()))
    settings = chunk.settings
    interval_s = max(settings.interval_s, _SLOWEST_INTERVAL_S)
    return TASK_DEADLINE_S + most * _TRIES * (interval_s + settings.timeout_s)


def cut_wave(links: Iterable[Link]) -> tuple[list[tuple[Link, ...]], list[Link]]:
    """Chunks of links, of which each host is in one at most, and the links that are left for later.

    Small hosts go together. The order of the links does not change which hosts do.
    """
    chunks: list[tuple[Link, ...]] = []
    later: list[Link] = []
    part: list[Link] = []
    hosts = 0
    for _, of_host in sorted(by_host(links).items()):
        now, rest = of_host[:WAVE_LINKS], of_host[WAVE_LINKS:]
        later += rest
        if part and (len(part) + len(now) > CHUNK_LINKS or hosts == CHUNK_HOSTS):
            chunks.append(tuple(part))
            part, hosts = [], 0
        part += now
        hosts += 1
    if part:
        chunks.append(tuple(part))
    return chunks, later


# ---- all lists --------------------------------------------------------------------------------


def split_lists(
    placed: Mapping[SeenFile, Source],
) -> tuple[dict[SeenFile, DocumentSource], dict[SeenFile, Source]]:
    """The lists of links among the files of the sources, and all others."""
    lists: dict[SeenFile, DocumentSource] = {}
    others: dict[SeenFile, Source] = {}
    for file, source in placed.items():
        if isinstance(source, DocumentSource) and source.links is not None:
            lists[file] = source
        else:
            others[file] = source
    return lists, others


def fetch_lists(
    lists: Mapping[SeenFile, DocumentSource],
    recipe: Recipe,
    session: Session,
    meter: Meter,
    forgotten: Forgotten = NOTHING_FORGOTTEN,
) -> Fetched:
    """Read all lists and ask for all their links. A link in two lists belongs to the first.

    Nothing is kept of the `forgotten` documents.

    Raises SourceError for a list that cannot be read, StorageError for a store that fails.
    """
    # 1. Read the lists.
    items = [
        (file, source.links, source.facts.columns if source.facts else ())
        for file, source in lists.items()
        if source.links
    ]
    read = {done.file: done for done in run_tasks(_read, items, session)}
    fetched = Fetched(bytes_of_lists=sum(done.bytes_read for done in read.values()))
    groups: dict[Links, list[str]] = {}
    for file, source in lists.items():
        assert source.links is not None
        for result in read[file].rejects:
            fetched.owners[result.file.uri] = source
            fetched.rejects.append(result)
        for url, stated in read[file].links.items():
            if url not in fetched.owners:
                fetched.owners[url], fetched.stated[url] = source, stated
                groups.setdefault(source.links, []).append(url)

    # 2. Ask for the links. Groups follow each other, for they may have hosts in common.
    meter.total = sum(map(len, groups.values()))
    meter.show()
    ids, taken_down = forgotten.ids, TakenDown.of(store.absolute(recipe.dataset), forgotten)
    for settings, urls in groups.items():
        kept = Kept(links_folder(recipe, settings), taken_down)
        for outcome in _outcomes(urls, settings, kept, session):
            _add(fetched, outcome, ids)
            meter.add(1)
    fetched.files = dict(sorted(fetched.files.items(), key=lambda item: item[0].uri))
    return fetched


def _read(item: tuple[SeenFile, Links, tuple[tuple[str, str], ...]]) -> ListRead:
    return read_list(*item)


def _outcomes(
    urls: Iterable[str], settings: Links, kept: Kept, session: Session
) -> Iterator[Outcome]:
    """What came of each link, in any order."""
    policy = Policy(split_chunk, chunk_deadline_s)
    waiting = [Link(url, url) for url in urls]
    with session.runtime() as runtime:
        while waiting:
            parts, waiting = cut_wave(waiting)
            chunks = [FetchChunk(part, settings, kept) for part in parts]
            for done in run_pool(chunks, [Step(fetch_chunk)], runtime, policy):
                if done.error is not None:
                    raise done.error
                for outcome in done.value:
                    if outcome.kind == "moved":
                        waiting.append(outcome.link)
                    else:
                        yield outcome


def _add(fetched: Fetched, outcome: Outcome, forgotten: frozenset[str]) -> None:
    url, source = outcome.link.url, fetched.owners[outcome.link.url]
    fetched.bytes_fetched += outcome.bytes_read
    if outcome.sha256 in forgotten:
        fetched.left_out.add(outcome.sha256)
    elif outcome.kind == "kept":
        file = SeenFile(url, outcome.size, f"{FETCHED}{outcome.sha256}{source.mark}")
        stated = fetched.stated[url].over(Provenance(reserved=outcome.reserved or None))
        if stated != NOTHING:
            file = replace(file.marked([repr(stated.to_row())]), stated=stated)
        fetched.files[file] = source
    elif outcome.kind == "failed":
        detail = one_line(outcome.detail)
        fetched.failed.append(Examined(SeenFile(url, 0, ""), reason="unreadable", detail=detail))
    else:
        place = fetched.gone if outcome.kind == "gone" else fetched.rejects
        place.append(not_fetched(url, outcome.reason, outcome.detail))
