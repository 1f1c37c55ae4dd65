"""Inventory: list the sources, examine what is new, merge it with what is known.

    list ─► [ fetch ] ─► [ read what lies beside ] ─► [ examine: hash, sniff, count ] per chunk
         ─► [ same of members ] ─► merge

Unchanged files (same URI, size and version) are not opened. A container is a file whose members
are documents: one that changed is opened, and those of its members are carried over that it says
are unchanged. A file of records is listed with its source's settings, as a generator is, and is a
chunk of its own; each of its records is a document. The links of a list are fetched first, in every
run (`pipelines.steps.fetch`), and are files from then on. Results of chunks are kept in
`staging/inventory`, so a killed inventory goes on where it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cluster.pool import Policy, run_pool
from cluster.progress import Meter
from cluster.runtime import Step
from cluster.session import Session
from pipelines.steps.beside import Stated
from pipelines.steps.carried import Carried, Resumed, place_of
from pipelines.steps.crawls import crawls_of
from pipelines.steps.examine import (
    Chunk,
    Staged,
    chunk_deadline_s,
    cut_chunks,
    examine_chunk,
    split_chunk,
)
from pipelines.steps.fetch import Fetched, fetch_lists, split_lists
from pipelines.steps.listing import Listing, list_sources
from schemas.document_source import DocumentSource
from schemas.errors import SourceError
from schemas.forgotten import NOTHING_FORGOTTEN, Forgotten
from schemas.ids import canonical_json
from schemas.inventory import Document, update_inventory
from schemas.recipe import Recipe
from schemas.shards import SeenFile
from schemas.sources import Source, license_of, listed_as, listed_file
from workers import store
from workers.dataset.forgotten import TakenDown
from workers.rasterising import NEEDS
from workers.sources import Examined, Naming
from workers.sources.containers import Findings


@dataclass(frozen=True, slots=True)
class Inventory:
    """The present documents, the files that could not be read, and how many were examined.

    `examined` counts files and members of containers, `bytes_read` what was read of them;
    `bytes_fetched` came over links. `groups` is the group of the mix that a listed file belongs to,
    by its URI. `forgotten` is the list of what was taken down, and `left_out` the documents on it
    that the examined files hold.
    """

    documents: list[Document]
    unreadable: list[Examined]
    examined: int
    bytes_read: int = 0
    groups: Mapping[str, str] = field(default_factory=dict)
    forgotten: frozenset[str] = frozenset()
    left_out: frozenset[str] = frozenset()
    bytes_fetched: int = 0

    @property
    def page_count(self) -> int:
        """Pages of all countable documents."""
        return sum(document.page_count or 0 for document in self.documents)

    def __str__(self) -> str:
        """As `12 documents, 40 pages; 3.1 MB of sources read, 1 taken down and left out`."""
        line = f"{len(self.documents):,} documents, {self.page_count:,} pages"
        line += f"; {self.bytes_read / 1e6:,.1f} MB of sources read"
        if self.bytes_fetched:
            line += f", {self.bytes_fetched / 1e6:,.1f} MB fetched"
        return line + f", {len(self.left_out):,} taken down and left out" * bool(self.left_out)


def take_inventory(
    recipe: Recipe,
    known: Sequence[Document],
    staging: str | None,
    session: Session,
    meter: Meter,
    listing: Listing | None = None,
    takedowns: Forgotten = NOTHING_FORGOTTEN,
) -> Inventory:
    """Bring the inventory up to date with the recipe's sources, without what was taken down.

    With `staging` None nothing is written and no staged result is used. `listing` is the result of
    `list_sources`, if it was called just before. The files of documents have the names that the
    recipe gives them.

    Raises SourceError for a source that matches nothing, or of which no file fits its kind.
    """
    # 1. List the sources, and fetch what lists of links name. A file is known by the recipe's name
    # for it, and opened where it lies.
    listing = list_sources(recipe) if listing is None else listing
    naming, forgotten = Naming.of(recipe.sources), takedowns.ids
    known = [doc for doc in naming.renamed(known) if doc.doc_id not in forgotten]
    lists, placed = split_lists(listing.files)
    fetched = fetch_lists(lists, recipe, session, meter, takedowns) if lists else Fetched()
    placed |= fetched.files
    listed = {naming.named(file): source for file, source in placed.items()}

    # 2. Leave out the files that are unchanged, and those that a killed inventory has examined.
    # What this machine lacked something for is tried again: it may have it by now.
    unchanged = {listed_file(file, d.media_type) for d in known for file in d.files}
    unchanged -= {
        listed_file(file, d.media_type) for d in known if d.reason in NEEDS for file in d.files
    }
    new = frozenset(listed.keys() - unchanged)
    staged = Staged.read(staging) if new and staging else Staged()
    resumed = Resumed.of(staged, new, placed, naming)
    left = new - resumed.files
    todo = {file: source for file, source in placed.items() if naming.named(file) in left}

    # 3. Read what lies beside these. Where only that has changed, the document is known.
    stated = Stated.of(todo, listing, known, naming, session)
    todo = dict(stated.files)

    # 4. Examine the others, a chunk a task; then the members of the containers among them.
    crawls = crawls_of(recipe, session) if new else ()
    taken_down = TakenDown.of(store.absolute(recipe.dataset), takedowns)
    meter.total = (meter.total or 0) + len(todo)
    meter.show()
    found = _examined(cut_chunks(todo, staging, recipe, taken_down, crawls), session, meter)
    contents = [*resumed.contents, *found.contents]
    carried = Carried.over([d for d in known if d.reason not in NEEDS], contents, naming)
    members = {
        member: placed[container.file]
        for container in contents
        for member in container.members
        if member not in carried.members and place_of(member) not in resumed.places
    }
    meter.total += len(members)
    meter.show()
    chunks = cut_chunks(members, staging, recipe, taken_down, crawls)
    of_members = _examined(chunks, session, meter)
    results = [*resumed.documents, *found.documents, *of_members.documents, *stated.failed]
    _require_fitting(placed, results)

    # 5. Merge the results with what is known.
    others = listing.others(known, recipe.on_missing, naming)
    listed |= {naming.named(r.file): listing.owners[r.file.uri] for r in others}
    others_fetched = fetched.others(known, recipe.on_missing)
    listed |= {naming.named(r.file): fetched.owners[r.file.uri] for r in others_fetched}
    results += [*others, *others_fetched]
    examined = [
        (naming.named(result.file), _document(result))
        for result in results
        if result.doc_id is not None and result.doc_id not in forgotten
    ]
    left_out = forgotten.intersection(result.doc_id for result in results if result.doc_id)
    left_out |= fetched.left_out
    unreadable = [result for result in results if result.doc_id is None]
    unreadable_names = frozenset(naming.name(listed_as(r.file, r.media_type)) for r in unreadable)
    licenses = {file.uri: name for file, source in listed.items() if (name := license_of(source))}
    documents = update_inventory(
        *(known, listed, [*examined, *carried.documents, *stated.documents]),
        *(recipe.on_missing, unreadable_names, licenses),
    )
    groups = {file.uri: source.group for file, source in listed.items() if source.group}
    return Inventory(
        documents,
        unreadable,
        examined=len(todo) + len(members),
        bytes_read=sum(part.bytes_read for part in (listing, stated, found, of_members))
        + fetched.bytes_of_lists,
        groups=groups,
        forgotten=forgotten,
        left_out=left_out,
        bytes_fetched=fetched.bytes_fetched,
    )


def _examined(chunks: Iterable[Chunk], session: Session, meter: Meter) -> Findings:
    """The results of examining chunks. A chunk that fails is split, down to single files."""
    parts: list[Findings] = []
    chunks = list(chunks)
    if not chunks:
        return Findings(())
    with session.runtime() as runtime:
        policy = Policy(split_chunk, chunk_deadline_s)
        for done in run_pool(chunks, [Step(examine_chunk)], runtime, policy):
            if done.error is not None:
                raise done.error
            parts.append(done.value)
            meter.add(len(done.item.files))
    return Findings.joined(parts)


def _require_fitting(listed: Mapping[SeenFile, Source], results: Iterable[Examined]) -> None:
    """Raises SourceError for a source of records of which no file has the kind that it names.

    That is the recipe's fault; one such file among others is a reject.
    """
    unfit = {result.file: result for result in results if result.reason == "no_corpus"}
    if not unfit:
        return
    files: dict[str, list[SeenFile]] = {}
    for file, source in listed.items():
        if not isinstance(source, DocumentSource):
            # A source with `auto` for a format is listed as one for each format.
            settings = canonical_json(source.model_dump(mode="json", exclude={"format"}))
            files.setdefault(settings, []).append(file)
    for of_source in files.values():
        if all(file in unfit for file in of_source):
            raise SourceError(unfit[of_source[0]].detail)


def _document(result: Examined) -> Document:
    assert result.doc_id is not None
    return Document(
        *(result.doc_id, (), result.media_type, result.page_count),
        *(result.reason, result.detail),
        own=result.provenance,
    )
