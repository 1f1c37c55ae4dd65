"""What files of sources are called in a dataset, where a recipe names their folder with `as`.

A dataset that is given away tells nobody's folders: its rows and its inventory have the name in
place of the folder. Both ways are plain replacements of a prefix, so a refresh finds each file
again, also after its folder has moved.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from schemas.inventory import Document
from schemas.shards import SeenFile
from schemas.sources import Source, locations, name_of
from workers import store

_FIRST_GLOB_CHAR = re.compile(r"[*?\[]")
_ENDS = ("/", "#")  # behind a folder, or a file of records


@dataclass(frozen=True, slots=True)
class Naming:
    """Folders, or files, and what they are called instead: the longest folders first."""

    places: tuple[tuple[str, str], ...]

    @staticmethod
    def of(sources: Iterable[Source]) -> Naming:
        """The names that sources give: of a folder, a file, or the folder that a glob begins in."""
        places = []
        for source in sources:
            if name := name_of(source):
                (place,) = locations(source)
                places.append((_root(store.absolute(place)), name))
        return Naming(tuple(sorted(places, key=lambda pair: (-len(pair[0]), pair))))

    def name(self, uri: str) -> str:
        """What the file at a URI is called; a name stays as it is.

        >>> Naming((("/home/me/pdfs", "manuals"),)).name("/home/me/pdfs/a.pdf")
        'manuals/a.pdf'
        """
        for root, name in self.places:
            if _is_below(uri, root):
                return name + uri[len(root) :]
        return uri

    def locate(self, name: str) -> str:
        """Where the file of a name lies; a URI stays as it is."""
        for root, prefix in self.places:
            if _is_below(name, prefix):
                return root + name[len(prefix) :]
        return name

    def named(self, file: SeenFile) -> SeenFile:
        """A file by its name."""
        return replace(file, uri=self.name(file.uri)) if self.places else file

    def located(self, files: tuple[SeenFile, ...]) -> tuple[SeenFile, ...]:
        """Files by their URIs."""
        if not self.places:
            return files
        return tuple(replace(file, uri=self.locate(file.uri)) for file in files)

    def renamed(self, documents: Iterable[Document]) -> list[Document]:
        """Documents with their files by name."""
        if not self.places:
            return list(documents)
        return [replace(d, files=tuple(map(self.named, d.files))) for d in documents]


def _root(place: str) -> str:
    place = place.replace("s3a://", "s3://", 1) if place.startswith("s3a://") else place
    glob = _FIRST_GLOB_CHAR.search(place)
    return place[: glob.start()].rpartition("/")[0] if glob else place


def _is_below(uri: str, root: str) -> bool:
    return uri.startswith(root) and (len(uri) == len(root) or uri[len(root)] in _ENDS)
