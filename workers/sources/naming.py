"""Names of source files in a dataset, where a recipe names their folder with `as`.

A dataset that is given away should not reveal folders: its rows and its inventory have the name
instead of the folder. Both directions replace a prefix, so a refresh finds each file also after
its folder has moved.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from schemas.inventory import Document
from schemas.shards import SeenFile
from schemas.sources import Source, name_of, named_places
from workers import store

_FIRST_GLOB_CHAR = re.compile(r"[*?\[]")
_ENDS = ("/", "#", "!")  # behind a folder, a file of records, or a container


@dataclass(frozen=True, slots=True)
class Naming:
    """Folders or files, and the names that replace them; the longest folders first."""

    places: tuple[tuple[str, str], ...]

    @staticmethod
    def of(sources: Iterable[Source]) -> Naming:
        """The names in sources: of a folder, of a file, or of the folder in which a glob begins."""
        places = []
        for source in sources:
            if name := name_of(source):
                (place,) = named_places(source)
                places.append((_root(store.absolute(place)), name))
        return Naming(tuple(sorted(places, key=lambda pair: (-len(pair[0]), pair))))

    def name(self, uri: str) -> str:
        """The name of the file at a URI; a name stays as it is.

        >>> Naming((("/home/me/pdfs", "manuals"),)).name("/home/me/pdfs/a.pdf")
        'manuals/a.pdf'
        """
        for root, name in self.places:
            if _is_below(uri, root):
                return name + uri[len(root) :]
        return uri

    def locate(self, name: str) -> str:
        """The URI of the file with a name; a URI stays as it is."""
        for root, prefix in self.places:
            if _is_below(name, prefix):
                return root + name[len(prefix) :]
        return name

    def named(self, file: SeenFile) -> SeenFile:
        """The file, with its name for its URI."""
        return replace(file, uri=self.name(file.uri)) if self.places else file

    def located(self, files: tuple[SeenFile, ...]) -> tuple[SeenFile, ...]:
        """The files, with their URIs for their names."""
        if not self.places:
            return files
        return tuple(replace(file, uri=self.locate(file.uri)) for file in files)

    def renamed(self, documents: Iterable[Document]) -> list[Document]:
        """The documents, with names for their files' URIs."""
        if not self.places:
            return list(documents)
        return [replace(d, files=tuple(map(self.named, d.files))) for d in documents]


def _root(place: str) -> str:
    place = place.replace("s3a://", "s3://", 1) if place.startswith("s3a://") else place
    glob = _FIRST_GLOB_CHAR.search(place)
    return place[: glob.start()].rpartition("/")[0] if glob else place


def _is_below(uri: str, root: str) -> bool:
    return uri.startswith(root) and (len(uri) == len(root) or uri[len(root)] in _ENDS)
