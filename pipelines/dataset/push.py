"""Push a version of a dataset to a repository of the Hugging Face Hub: one commit, and one tag.

    version ─► card ─► parts that it names ─┐
                                            ├─► send what is new ─► commit ─► tag v<version>
    repository ─► files at its head ────────┘        (groups)      (+ removals)

1. Only parts that the head lacks are sent. A part is named by the SHA-256 of its bytes, so the name
   says whether it is there; each is compared with its name before it leaves.
2. Nothing is visible before the one commit, which also removes the parts that left. A push that
   was interrupted can be repeated: the Hub says which bytes have arrived already.
3. The commit follows the head that was listed: if another commit comes first, nothing is committed.
4. Only the card and parts are ever replaced or removed, no other file of the repository.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from cluster.progress import meter
from pipelines.dataset.state import Snapshot, load_snapshot
from schemas.errors import AccessError, DatasetError, IntegrityError, RequestError, StorageError
from schemas.recipe import Recipe
from schemas.tables import TABLES
from schemas.yaml_text import parse_card_header
from workers import store
from workers.dataset.card import FromCard, count_languages, described_by_card, render_card
from workers.dataset.delta import PartFile
from workers.dataset.forgotten import read_forgotten
from workers.store.hub_repository import HubRepository, RemoteFile

# Of one request for places to upload to. On a store, a group is copied to local disk, then sent.
GROUP_FILES = 50
GROUP_BYTES = 2**30
CARD, CROISSANT = "README.md", "croissant.json"
_PART = re.compile(rf"(?:{'|'.join(TABLES)})/data/part-[0-9a-f]{{64}}\.parquet")
_VERSION_TAG = re.compile(r"v\d+")


@dataclass(frozen=True, slots=True)
class Options:
    """What to push where. `may_create`: make the repository if there is none."""

    version: int | None = None
    branch: str = "main"
    is_private: bool = False
    may_create: bool = True


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push did. Sent parts are those that the head lacked, kept parts those that it had."""

    repository: str
    url: str
    version: int
    commit: str
    tag: str
    is_new_commit: bool
    is_new_tag: bool
    sent_parts: int
    sent_bytes: int
    kept_parts: int
    removed_parts: int
    note: str | None


@dataclass(frozen=True, slots=True)
class Content:
    """What a version has in a repository: texts by path, and parts with their places by path."""

    texts: Mapping[str, bytes]
    parts: Mapping[str, tuple[PartFile, str]]


@dataclass(frozen=True, slots=True)
class Changes:
    """What a commit has to change."""

    texts: Mapping[str, bytes]
    parts: Sequence[str]
    gone: Sequence[str]

    def __bool__(self) -> bool:
        return bool(self.texts or self.parts or self.gone)


def push_version(dataset: str, name: str, options: Options, console: Console) -> Pushed:
    """Push a version, the newest by default, to the repository `name` (`OWNER/NAME`).

    Raises:
        DatasetError: nothing is published, or the version is not whole.
        RequestError: the Hub refuses us or the card, or the tag names another state.
        LeaseError: another commit came first; nothing was committed.
        StorageError: the Hub or the dataset's store fails; the push can be repeated.
    """
    # 1. What the version has, and what the head has.
    repository = HubRepository(name, options.branch)
    uri = store.absolute(dataset)
    snapshot = load_snapshot(uri, options.version)
    if snapshot is None:
        raise DatasetError(f"{uri} holds no published version; there is nothing to push")
    content = content_of(uri, snapshot, name)
    head = _head(repository, options)
    changes = changes_to(content, repository.files(head))
    # 2. A tag of that name must not name anything else.
    tag, tags = f"v{snapshot.version}", repository.tags()
    if tag in tags and (tags[tag] != head or changes):
        _require_same(repository, content, tag, tags[tag])
    # 3. Send, commit, tag.
    commit = head
    if changes:
        _send(repository, content, changes.parts, console)
        message = f"Version {snapshot.version}"
        commit = repository.commit(changes.texts, changes.gone, message, head)
        if lacking := changes_to(content, repository.files(commit)):
            paths = [*lacking.parts, *lacking.texts, *lacking.gone]
            raise IntegrityError(
                f"{name}: commit {commit} has not taken {paths[0]}; see the repository's .gitignore"
            )
    if tag not in tags:
        repository.tag(tag, commit)
    return Pushed(
        repository=name,
        url=f"{repository.url}/datasets/{name}",
        version=snapshot.version,
        commit=commit,
        tag=tag,
        is_new_commit=commit != head,
        is_new_tag=tag not in tags,
        sent_parts=len(changes.parts),
        sent_bytes=sum(content.parts[path][0].size for path in changes.parts),
        kept_parts=len(content.parts) - len(changes.parts),
        removed_parts=len(changes.gone),
        note=_note(uri, name, [other for other in tags if other != tag]),
    )


def _head(repository: HubRepository, options: Options) -> str:
    """The head of the branch. Makes the repository if there is none."""
    head = repository.head()
    if head is None and options.may_create:
        repository.create(options.is_private)
        head = repository.head()
    if head is None:
        raise AccessError(
            f"there is no repository {repository.name} on the Hub that this token may see; make "
            "it there, or leave --no-create out"
        )
    return head


def content_of(uri: str, snapshot: Snapshot, name: str) -> Content:
    """The card of a version as it is in the repository `name`, and the parts that the card names.

    The newest version also has the dataset's `croissant.json`, if there is one.
    """
    default = Recipe.model_fields["license"].default
    described = described_by_card(uri, default)
    license_name = default if described is None else described.license
    tables = snapshot.tables
    languages = snapshot.metadata.get("languages")
    if languages is None:  # an earlier release made the version
        languages = count_languages(tables["pages"]) + count_languages(tables["conversations"])
    card = render_card(FromCard(name, license_name), tables, languages)
    # There the dataset's name has an owner.
    short, whole = (json.dumps(word) for word in (name.rpartition("/")[2], name))
    card = card.replace(f"load_dataset({short}", f"load_dataset({whole}")
    texts = {CARD: card.encode()}
    newest = load_snapshot(uri)
    if newest is not None and newest.version == snapshot.version:
        croissant = store.join(uri, CROISSANT)
        if store.exists(croissant):
            texts[CROISSANT] = store.read_bytes(croissant)
    parts = {
        f"{table}/{part.path}": (part, snapshot.tables[table].part_uri(part))
        for table in TABLES
        for part in snapshot.tables[table].parts
    }
    return Content(texts, {path: parts[path] for path in sorted(named_files(card))})


def named_files(card: str) -> set[str]:
    """The files that the header of a card names: those that `load_dataset` reads."""
    header: Any = parse_card_header(card.split("---\n")[1])
    return {path for config in header["configs"] for path in _paths(config["data_files"])}


def _paths(data_files: Any) -> Iterator[str]:
    """The paths in a config: one, several, or those of each split."""
    if isinstance(data_files, str):
        yield data_files
    elif isinstance(data_files, dict):
        yield from _paths(data_files["path"])
    else:
        for item in data_files:
            yield from _paths(item)


def changes_to(content: Content, there: Mapping[str, RemoteFile]) -> Changes:
    """What a commit has to change so that files that are `there` become those of a version."""
    texts = {
        path: data
        for path, data in content.texts.items()
        if path not in there or not there[path].holds(data)
    }
    parts = [
        path
        for path, (part, _) in content.parts.items()
        if path not in there
        or there[path].size != part.size
        or there[path].sha256 not in (None, part.sha256)
    ]
    gone = [path for path in sorted(there) if _PART.fullmatch(path) and path not in content.parts]
    return Changes(texts, parts, gone)


def _require_same(repository: HubRepository, content: Content, tag: str, commit: str) -> None:
    if changes_to(content, repository.files(commit)):
        raise RequestError(
            f"{repository.name} has a tag {tag} already, at commit {commit}, whose files are not "
            f"those of this version; nothing was sent. Push to another repository, or take the tag "
            f"away first: hf repos tag delete {repository.name} {tag} --type dataset"
        )


def _send(
    repository: HubRepository, content: Content, paths: Sequence[str], console: Console
) -> None:
    """Send parts, a group at a time: one group at most is on local disk."""
    total = sum(content.parts[path][0].size for path in paths)
    sent = 0
    with meter(console, "push", "MB", _megabytes(total)) as progress:
        for group in groups({path: content.parts[path][0].size for path in paths}):
            with ExitStack() as copies:
                files = {}
                for path in group:
                    part, uri = content.parts[path]
                    try:
                        files[path] = copies.enter_context(store.local_copy(uri))
                    except FileNotFoundError as exc:
                        raise StorageError(
                            f"{uri} is not there any more; was the version removed meanwhile?"
                        ) from exc
                    if store.sha256_of(str(files[path])) != part.sha256:
                        raise IntegrityError(f"{uri} is damaged: its name is not its SHA-256")
                repository.upload(files)
            sent += sum(content.parts[path][0].size for path in group)
            progress.add(_megabytes(sent) - progress.done)
        progress.outcome = f"{len(paths):,} parts"


def groups(sizes: Mapping[str, int]) -> Iterator[list[str]]:
    """Paths in groups of at most `GROUP_FILES` files and `GROUP_BYTES` bytes, or of one file."""
    group: list[str] = []
    size = 0
    for path, more in sizes.items():
        if group and (len(group) == GROUP_FILES or size + more > GROUP_BYTES):
            yield group
            group, size = [], 0
        group.append(path)
        size += more
    if group:
        yield group


def _megabytes(count: int) -> int:
    return math.ceil(count / 1e6)


def _note(uri: str, name: str, others: Sequence[str]) -> str | None:
    """What remains to do where documents were taken down and old tags may still hold them."""
    older = sorted(tag for tag in others if _VERSION_TAG.fullmatch(tag))
    count = len(read_forgotten(uri).documents)
    if not count or not older:
        return None
    return (
        f"documents on this dataset's list of those taken down ({count:,}) may still be in the "
        f"history of {name} and its tags ({', '.join(older)}): delete those tags, and call "
        "HfApi().super_squash_history; docs/hub.md has the steps"
    )
