"""What an inventory need not examine: what is staged, and members that are known unchanged.

Both are found by the names that the recipe gives to files, so a folder may have moved in between.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from pipelines.steps.examine import Staged
from schemas.inventory import Document
from schemas.provenance import NOTHING
from schemas.shards import SeenFile
from schemas.sources import listed_file
from workers.sources import Examined, Naming
from workers.sources.containers import Contents

_Place = tuple[str, str, int]


def place_of(file: SeenFile) -> _Place | None:
    """What names a member of a container, whatever was found in it; None for a file."""
    if file.member is None:
        return None
    return file.container, file.member.within or file.member.name, file.member.offset


@dataclass(frozen=True, slots=True)
class Resumed:
    """Staged results of files that are new.

    `files` are those that need no task any more: documents that were examined, and containers
    whose members are known. `places` are those of the members that were examined.
    """

    documents: list[Examined]
    contents: list[Contents]
    files: frozenset[SeenFile]
    places: frozenset[_Place | None]

    @staticmethod
    def of(
        staged: Staged,
        new: frozenset[SeenFile],
        placed: Collection[SeenFile],
        naming: Naming,
    ) -> Resumed:
        """What is staged of the `new` files, which have their names.

        Members are read from where their container was: of one that is not `placed` there any
        more, the list is left out.
        """

        def name(result: Examined) -> SeenFile:
            return naming.named(listed_file(result.file, result.media_type))

        documents = [result for result in staged.documents if name(result) in new]
        contents = [c for c in staged.contents if naming.named(c.file) in new and c.file in placed]
        files = {name(result) for result in documents if result.file.member is None}
        files.update(naming.named(container.file) for container in contents)
        places = frozenset(place_of(result.file) for result in documents)
        return Resumed(documents, contents, frozenset(files), places)


@dataclass(frozen=True, slots=True)
class Carried:
    """Members of changed containers that have the name and version of a known document's file.

    `documents` are those documents at their new places, `members` what need not be examined. What
    is stated of a document is as the container says it now; an index of containers does not say it.
    """

    documents: list[tuple[SeenFile, Document]]
    members: frozenset[SeenFile]

    @staticmethod
    def over(known: Sequence[Document], contents: Iterable[Contents], naming: Naming) -> Carried:
        """What is carried over from the `known` documents, whose files have their names."""
        members = [member for container in contents for member in container.members]
        index = _by_version(known) if members else {}
        documents, carried = [], set()
        for member in members:
            assert member.member is not None
            place = member.member
            key = (naming.name(member.container), place.name, place.version)
            found = index.get(key, ()) if place.version else ()
            if any(_may_state_something_else(file, member) for file, _ in found):
                continue
            for file, document in found:
                assert file.member is not None
                moved = replace(
                    file.member, offset=place.offset, length=place.length, fetched=place.fetched
                )
                is_listed_there = file.member.within is None and place.listed is None
                stated = member.stated if is_listed_there else file.stated
                file_now = SeenFile(file.uri, member.size, member.version, moved, stated)
                documents.append((file_now, document))
                carried.add(member)
        return Carried(documents, frozenset(carried))


def _may_state_something_else(file: SeenFile, member: SeenFile) -> bool:
    """Whether what is stated of a document in an archive within this member may have changed.

    A licence or a reservation may be of the outer archive or of the inner one.
    """
    assert file.member is not None
    inherited = file.stated.inherited.over(member.stated.inherited)
    return file.member.within is not None and inherited != NOTHING


def _by_version(
    known: Sequence[Document],
) -> dict[tuple[str, str, str], list[tuple[SeenFile, Document]]]:
    """The known documents in containers, by container, member and the member's version."""
    index: dict[tuple[str, str, str], list[tuple[SeenFile, Document]]] = {}
    for document in known:
        for file in document.files:
            if file.member is not None:
                key = (file.container, file.member.within or file.member.name, file.member.version)
                index.setdefault(key, []).append((file, document))
    return index
