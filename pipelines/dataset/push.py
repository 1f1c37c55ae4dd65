"""Push a version of a dataset to a repository of the Hugging Face Hub: one commit, and one tag.

    version ─► card ─► parts that it names ─┐
                                            ├─► send what is new ─► commit ─► tag v<version>
    repository ─► files at its head ────────┘        (groups)      (+ removals)

1. Only parts that the head lacks are sent. A part is named by the SHA-256 of its bytes, so the name
   says whether it is there; each is compared with its name before it leaves.
2. Nothing is visible before the one commit, which also removes the parts that left. A push that
   was interrupted can be repeated: the Hub says which bytes have arrived already.
3. The commit follows the head that was listed: if another commit comes first, nothing is committed.
4. Only the card, Croissant and parts are ever replaced or removed, no other file of the repository.
5. More changes than the Hub likes in a commit are several commits, in the order of `commits_of`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Console

from cluster.progress import meter
from pipelines.dataset.push_plan import (
    MOST_OPERATIONS,
    Changes,
    Content,
    changes_to,
    check_limits,
    commits_of,
    groups,
)
from pipelines.dataset.state import Snapshot, load_snapshot
from schemas.errors import AccessError, DatasetError, IntegrityError, RequestError, StorageError
from schemas.recipe import Recipe
from schemas.tables import TABLES
from schemas.yaml_text import parse_card_header
from workers import store
from workers.dataset.card import FromCard, count_samples, described_by_card, render_card
from workers.dataset.croissant import CROISSANT, render_croissant
from workers.dataset.forgotten import read_forgotten
from workers.dataset.hub_info import OnHub
from workers.store.hub_repository import HubRepository

CARD: Final = "README.md"
_VERSION_TAG = re.compile(r"v\d+")


@dataclass(frozen=True, slots=True)
class Options:
    """What to push where. `may_create`: make the repository if there is none.

    `most_operations` are those of one commit; a push of more makes several.
    """

    version: int | None = None
    branch: str = "main"
    is_private: bool = False
    may_create: bool = True
    most_operations: int = MOST_OPERATIONS


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


def push_version(dataset: str, name: str, options: Options, console: Console) -> Pushed:
    """Push a version, the newest by default, to the repository `name` (`OWNER/NAME`).

    Raises:
        DatasetError: nothing is published, or the version is not whole.
        RequestError: the Hub refuses us or the card, or the tag names another state.
        LeaseError: another commit came first.
        StorageError: the Hub or the dataset's store fails; the push can be repeated.
    """
    # 1. What the version has, and what the head has.
    repository = HubRepository(name, options.branch)
    uri = store.absolute(dataset)
    snapshot = load_snapshot(uri, options.version)
    if snapshot is None:
        raise DatasetError(f"{uri} holds no published version; there is nothing to push")
    tag = f"v{snapshot.version}"
    content = content_of(uri, snapshot, OnHub(name, f"{repository.url}/datasets/{name}", tag))
    head = _head(repository, options)
    there = repository.files(head)
    changes = changes_to(content, there)
    # 2. The Hub must take them, and a tag of that name must not name anything else.
    check_limits(name, content, changes, there)
    tags = repository.tags()
    if tag in tags and (tags[tag] != head or changes):
        _require_same(repository, content, tag, tags[tag])
    # 3. Send, commit, tag.
    commit = head
    if changes:
        _send(repository, content, changes.parts, console)
        steps = commits_of(changes, options.most_operations)
        commit = _commit(repository, steps, f"Version {snapshot.version}", head)
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


def content_of(uri: str, snapshot: Snapshot, hub: OnHub) -> Content:
    """The card and Croissant of a version as they are on a hub, and the card's parts."""
    default = Recipe.model_fields["license"].default
    described = described_by_card(uri, default) or FromCard(uri, default)
    tables = snapshot.tables
    languages = snapshot.metadata.get("languages")
    if languages is None:  # an earlier release made the version
        languages = count_samples(tables)
    card = render_card(described, tables, languages, hub)
    croissant = render_croissant(described, tables, languages, hub)
    parts = {
        f"{table}/{part.path}": (part, tables[table].part_uri(part))
        for table in TABLES
        for part in tables[table].parts
    }
    return Content(
        {CARD: card.encode(), CROISSANT: croissant.encode()},
        {path: parts[path] for path in sorted(named_files(card))},
    )


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


def _require_same(repository: HubRepository, content: Content, tag: str, commit: str) -> None:
    """The tag must have the version's parts. An earlier release may have written another card."""
    other = changes_to(content, repository.files(commit))
    if other.parts or other.gone:
        raise RequestError(
            f"{repository.name} has a tag {tag} already, at commit {commit}, whose parts are not "
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


def _commit(repository: HubRepository, steps: Sequence[Changes], title: str, head: str) -> str:
    """Make the commits; the id of the last."""
    commit = head
    for number, step in enumerate(steps, start=1):
        message = f"{title} ({number} of {len(steps)})" if len(steps) > 1 else title
        commit = repository.commit(step.parts, step.texts, step.gone, message, commit)
    return commit


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
