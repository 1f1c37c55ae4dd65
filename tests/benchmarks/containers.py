"""Containers: the same corpus in every layout, and one container far larger than memory.

    python -m tests.benchmarks.containers layouts --documents 300
    python -m tests.benchmarks.containers large --form tar.gz --members 10000 --gigabytes 20

`layouts` reads one corpus in each layout, compares the pages byte for byte with those of plain
files, verifies each dataset, and prints what each refresh read of the sources: nothing new, one
document more, one changed, one renamed, one gone. `large` takes the inventory of one container in a
process of its own and prints its peak memory, its time, and what it read.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import hashlib
import io
import json
import os
import random
import resource
import shutil
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import IO, cast

import pymupdf
from rich.console import Console
from rich.table import Table

from cluster.progress import meter
from cluster.session import IN_PROCESS, open_session
from pipelines.inventory import Inventory, take_inventory
from schemas.inventory import Document
from schemas.recipe import Recipe, parse_recipe
from tests.containers import PACKED, Corpus, as_folder, warc_record, zip_of
from tests.pipelines.corpora import pdf, prose
from tests.pipelines.datasets import problems, rows, run_here
from tests.web import Web

_HERE = "links: {interval_s: 0, connections: 8, networks: [127.0.0.0/8]}"
_MORE = {
    "corpus.parquet": "  column: content\n",
    "corpus.arrow": "  column: image\n",
    "links": f"  {_HERE}\n",
    "index": "  index: {base: BASE}\n",
    "paths": "  paths: {base: BASE/files}\n",
}
"""What a source says more of some layouts."""
_KEYWORD_BYTES = 10_000
Layout = Callable[[Corpus, Path], None]


def _document(seed: int) -> bytes:
    document = pymupdf.open("pdf", pdf([prose(seed)]))
    document.set_metadata({"keywords": random.Random(seed).randbytes(_KEYWORD_BYTES).hex()})
    return bytes(document.tobytes(no_new_id=True, garbage=3))


def _packed(name: str) -> Layout:
    def lay_out(corpus: Corpus, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(PACKED[name](corpus))

    return lay_out


def _mixed(corpus: Corpus, folder: Path) -> None:
    """A third as files, a third in a zip, a third in a tar that is packed, some of them twice."""
    names = list(corpus)
    third = len(names) // 3
    for path in folder.glob("files/**/*.pdf"):
        path.unlink()
    as_folder({name: corpus[name] for name in names[:third]}, folder / "files")
    middle = {name: corpus[name] for name in names[third - 10 : 2 * third]}
    (folder / "middle.zip").write_bytes(zip_of(middle))
    rest = {name: corpus[name] for name in names[2 * third - 10 :]}
    (folder / "rest.tar.gz").write_bytes(PACKED["corpus.tar.gz"](rest))


def _files(corpus: Corpus, folder: Path) -> None:
    for path in folder.glob("**/*.pdf"):
        if str(path.relative_to(folder)) not in corpus:
            path.unlink()
    changed = {
        name: data
        for name, data in corpus.items()
        if not (folder / name).exists() or (folder / name).read_bytes() != data
    }
    as_folder(changed, folder)


def _by_index(corpus: Corpus, folder: Path) -> None:
    """A WARC beside the folder, and in the folder an index of its documents."""
    folder.mkdir(exist_ok=True)
    warc = PACKED["corpus.warc.gz"](corpus)
    (folder.parent / "crawl.warc.gz").write_bytes(warc)
    lines, start = [], warc.index(b"\x1f\x8b", 1)  # behind the web page
    for name, data in corpus.items():
        record = warc_record(f"https://example.org/{name}", data)
        fields = {
            "url": f"https://example.org/{name}",
            "mime-detected": "application/pdf",
            "status": "200",
            "digest": hashlib.sha256(data).hexdigest(),
            "filename": "crawl.warc.gz",
            "offset": str(start),
            "length": str(len(record)),
        }
        lines.append(f"key 20260102030405 {json.dumps(fields)}")
        start += len(record)
    (folder / "index.tar").write_text("\n".join(lines))  # any suffix that a folder lists


def _by_paths(corpus: Corpus, folder: Path) -> None:
    """Files beside the folder, and in the folder a list of their paths."""
    folder.mkdir(exist_ok=True)
    files = folder.parent / "files"
    files.mkdir(exist_ok=True)
    _files(corpus, files)
    lines = (json.dumps({"path": name}) for name in corpus)
    (folder / "list.jsonl").write_text("\n".join(lines))


def _behind(web: Web) -> Layout:
    def lay_out(corpus: Corpus, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        web.files = {f"/{name}": data for name, data in corpus.items()}
        (folder / "list.txt").write_text(web.links())

    return lay_out


def layouts(web: Web) -> dict[str, Layout]:
    """All layouts of a corpus; plain files first."""
    packed = {name: _packed(name) for name in PACKED}
    return {
        "files": _files,
        **packed,
        "mixed": _mixed,
        "index": _by_index,
        "paths": _by_paths,
        "links": _behind(web),
    }


def _recipe(folder: Path, more: str = "") -> Recipe:
    more = more.replace("BASE", str(folder))
    return parse_recipe(
        f"dataset: {folder}/data\nrouting: only\non_missing: remove\nmax_removed: 1.0\n"
        f"sources:\n- documents: {folder}/corpus\n{more}"
    )


def _taken(recipe: Recipe, known: list[Document]) -> Inventory:
    with (
        open_session(IN_PROCESS) as session,
        meter(Console(file=io.StringIO()), "inventory", "files") as progress,
    ):
        return take_inventory(recipe, known, None, session, progress)


def _nights(corpus: dict[str, bytes]) -> dict[str, dict[str, bytes]]:
    """The corpus after each kind of change."""
    names = list(corpus)
    renamed = {("new-name.pdf" if name == names[3] else name): corpus[name] for name in names}
    return {
        "first": corpus,
        "same": corpus,
        "one more": corpus | {"zz.pdf": _document(10**6)},
        "changed": corpus | {names[5]: _document(10**6 + 1)},
        "renamed": renamed,
        "gone": {name: corpus[name] for name in names if name != names[7]},
    }


def compare_layouts(documents: int, chosen: Sequence[str]) -> bool:
    """Print a line a layout; whether all gave the same pages and a clean ledger.

    Plain files come first, since the others are compared with them; `chosen` are those that follow.
    """
    corpus = {f"{n % 7}/{n:05d}.pdf": _document(n) for n in range(documents)}
    nights = _nights(corpus)
    table = Table("layout", "bytes", "pages", "same", "ledger", *(f"{name}, kB" for name in nights))
    reference: list[object] | None = None
    good = True
    web = Web()
    for name, lay_out in layouts(web).items():
        if chosen and name not in ("files", *chosen):
            continue
        with tempfile.TemporaryDirectory() as place, web if name == "links" else nullcontext():
            folder = Path(place)
            recipe = _recipe(folder, _MORE.get(name, ""))
            lay_out(corpus, folder / "corpus")
            run_here(recipe)
            pages: list[object] = [
                (row["page_id"], row["image"]["bytes"], row["text"], row["blocks"])
                for row in rows(folder / "data", "pages")
            ]
            reference = pages if reference is None else reference
            faults = problems(folder / "data")
            size = sum(p.stat().st_size for p in (folder / "corpus").rglob("*") if p.is_file())
            known = _taken(recipe, []).documents
            shutil.rmtree(folder / "data")  # what links gave is kept there
            costs = []
            for night, after in nights.items():
                if night not in ("first", "same"):
                    lay_out(after, folder / "corpus")
                found = _taken(recipe, [] if night == "first" else known)
                ids = {document.doc_id for document in found.documents}
                good &= ids == {document.doc_id for document in _taken(recipe, []).documents}
                costs.append(f"{(found.bytes_read + found.bytes_fetched) / 1e3:,.0f}")
                lay_out(corpus, folder / "corpus")
                known = _taken(recipe, []).documents
            good &= pages == reference and not faults
            table.add_row(
                name,
                f"{size / 1e3:,.0f} kB",
                str(len(pages)),
                "yes" if pages == reference else "NO",
                "clean" if not faults else "; ".join(faults),
                *costs,
            )
            print(f"{name}: done", flush=True)
    Console(width=150).print(table)
    return good


# ---- one large container ------------------------------------------------------------------------


class _Repeated(io.RawIOBase):
    """A document of `size` bytes: a small PDF, with spaces behind it."""

    def __init__(self, head: bytes, size: int) -> None:
        self._head, self._left = head, size - len(head)

    def read(self, size: int = -1) -> bytes:
        part, self._head = self._head[:size], self._head[size:]
        count = min(size - len(part), self._left)
        self._left -= count
        return part + b" " * count


def _write_large(path: Path, form: str, members: int, size: int) -> None:
    head = _document(1)
    if form == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for number in range(members):
                with archive.open(f"{number:06d}.pdf", "w") as target:
                    _copy(number, head, size, target)
        return
    with path.open("wb") as file, contextlib.ExitStack() as stack:
        packed = gzip.GzipFile("", "wb", 1, file, mtime=0) if form == "tar.gz" else file
        target = stack.enter_context(packed) if packed is not file else file
        tar = stack.enter_context(tarfile.open(fileobj=cast(IO[bytes], target), mode="w"))
        for number in range(members):
            info = tarfile.TarInfo(f"{number:06d}.pdf")
            info.size = size
            stream = _Repeated(_numbered(number, head), size)
            tar.addfile(info, cast(IO[bytes], stream))


def _numbered(number: int, head: bytes) -> bytes:
    return head + f"\n%{number}\n".encode()


def _copy(number: int, head: bytes, size: int, target: IO[bytes]) -> None:
    stream = _Repeated(_numbered(number, head), size)
    while chunk := stream.read(2**20):
        target.write(chunk)


def take_large(form: str, members: int, gigabytes: float, place: Path) -> None:
    """Write a container of this form, take its inventory, and print what that cost."""
    (place / "corpus").mkdir(parents=True)
    path = place / "corpus" / f"large.{form}"
    _write_large(path, form, members, int(gigabytes * 1e9 / members))
    recipe = _recipe(place)
    used_before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    peak_before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.monotonic()
    with (
        open_session(IN_PROCESS) as session,
        meter(Console(file=io.StringIO()), "inventory", "files") as progress,
    ):
        found = take_inventory(recipe, [], None, session, progress)
    seconds = time.monotonic() - began
    own = resource.getrusage(resource.RUSAGE_SELF)
    print(
        f"{form}: {members:,} members, {gigabytes:g} GB of documents in {path.stat().st_size:,} "
        f"bytes; {len(found.documents):,} documents, {found.page_count:,} pages; "
        f"{found.bytes_read:,} bytes read; {seconds:.0f} s, {own.ru_utime - used_before:.0f} s of "
        f"CPU in this process; peak {own.ru_maxrss / 1024:.0f} MiB (before: "
        f"{peak_before / 1024:.0f}), the rasterising child "
        f"{resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MiB",
        flush=True,
    )


def main() -> int:
    """Run one of the two; exit code 1 where layouts differ."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("layouts", "large"))
    parser.add_argument("--documents", type=int, default=300)
    parser.add_argument("--only", nargs="*", default=(), help="layouts, besides plain files")
    parser.add_argument("--form", choices=("tar", "tar.gz", "zip"), default="tar.gz")
    parser.add_argument("--members", type=int, default=10_000)
    parser.add_argument("--gigabytes", type=float, default=20)
    arguments = parser.parse_args()
    if arguments.what == "layouts":
        return 0 if compare_layouts(arguments.documents, arguments.only) else 1
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as place:
        take_large(arguments.form, arguments.members, arguments.gigabytes, Path(place))
    return 0


if __name__ == "__main__":
    sys.exit(main())
