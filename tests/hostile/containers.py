"""Examine thousands of mutated containers: each member, or what is lost, ends in the ledger.

    python -m tests.hostile.containers --count 2000 --seed 0

Every kind of container is made of the same few documents and then damaged: flipped and overwritten
bytes, cuts, splices, and changed numbers in the fields of headers. A mutant fails where examining
raises, takes longer than a minute, leaves a file anywhere, or misses a document without a word.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import sys
import tarfile
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from schemas.recipe import Raster, TextLayer
from tests.containers import PACKED
from tests.pipelines.corpora import write_pdf
from workers import store
from workers.rasterising import ChildLimits, Rasterizer, RasterSettings
from workers.sources import Examined, examine_file
from workers.sources.containers import Examiner, Selection

LONGEST_S = 60
_DOCUMENTS = 5


@dataclass
class Result:
    """What became of the mutants, by the reason of each document."""

    count: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    slowest_s: float = 0.0


def corpus(folder: Path) -> dict[str, bytes]:
    """A few small documents, by name."""
    for number in range(_DOCUMENTS):
        write_pdf(folder, f"{number}.pdf", first_seed=number)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def damaged(data: bytes, chance: random.Random) -> bytes:
    """The data with one to four damages."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4))):
        place = chance.randrange(len(changed) + 1)
        match chance.randrange(6):
            case 0:
                for _ in range(chance.choice((1, 8, 64))):
                    changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
            case 1:
                length = chance.choice((1, 16, 512, 4096))
                changed[place : place + length] = chance.randbytes(length)
            case 2:
                del changed[max(place, 1) :]
            case 3:
                start = chance.randrange(len(changed))
                changed[place:place] = changed[start : start + chance.choice((30, 512, 5000))]
            case 4:
                del changed[place : place + chance.choice((1, 100, 512, 4096))]
            case 5:
                extreme = chance.choice((b"\0" * 4, b"\xff" * 4, b"\xff" * 8, b"77777777777"))
                changed[place : place + len(extreme)] = extreme
        if not changed:
            return data
    return bytes(changed)


def examined(path: Path, examiner: Examiner) -> Iterator[Examined]:
    """Everything that a container holds, as an inventory finds it."""
    findings = examine_file(store.stat(str(path)), examiner)
    yield from findings.documents
    for contents in findings.contents:
        for member in contents.members:
            yield from examine_file(member, examiner).documents


def _is_still_a_tar(path: Path) -> bool:
    """Whether whole blocks were cut out of a plain tar, which leaves a tar like any other."""
    if path.suffix != ".tar":
        return False
    blocks = path.read_bytes()
    with tarfile.open(path) as archive:
        members = archive.getmembers()
    ends = [m.offset_data + -(-m.size // 512) * 512 for m in members]
    starts = [m.offset for m in members]
    return starts == [0, *ends[:-1]] and not blocks[ends[-1] :].strip(b"\0")


def soak(count: int, seed: int, rasterizer: Rasterizer) -> Result:
    """Examine `count` mutants of each kind of container in turn."""
    result = Result(count)
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        documents = corpus(Path(folder) / "corpus")
        ids = {hashlib.sha256(data).hexdigest() for data in documents.values()}
        kinds = {name: make(documents) for name, make in PACKED.items()}
        place = Path(folder) / "containers"
        place.mkdir()
        for number in range(count):
            chance = random.Random(f"{seed}/{number}")
            name = list(kinds)[number % len(kinds)]
            path = place / name
            path.write_bytes(damaged(kinds[name], chance))
            column = {"corpus.parquet": "content", "corpus.arrow": "image"}.get(name)
            kept = str(Path(folder) / "kept")
            examiner = Examiner(Selection((), column), rasterizer, kept)
            began = time.monotonic()
            try:
                found = list(examined(path, examiner))
            except Exception as exc:  # noqa: BLE001 - what this looks for
                result.faults.append(f"{number} {name}: {type(exc).__name__}: {exc}")
                path.unlink()
                continue
            result.slowest_s = max(result.slowest_s, time.monotonic() - began)
            result.outcomes.update(one.reason or "document" for one in found)
            missed = ids - {one.doc_id for one in found}
            others = [one for one in found if one.doc_id not in ids]
            if missed and not others and not _is_still_a_tar(path):
                result.faults.append(f"{number} {name}: {len(missed)} documents vanished")
            if any(one.doc_id is None for one in found):
                result.faults.append(f"{number} {name}: taken for a fault of the store")
            path.unlink()
            if list(place.iterdir()):
                result.faults.append(f"{number} {name}: left {list(place.iterdir())}")
        if result.slowest_s > LONGEST_S:
            result.faults.append(f"one took {result.slowest_s:.0f} s")
    return result


def main() -> int:
    """Run and print; exit code 1 where a mutant failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    settings = RasterSettings(Raster(longest_edge_px=320), "prefer", TextLayer(), 1e-4)
    rasterizer = Rasterizer(settings, ChildLimits(20, 2**31))
    result = soak(arguments.count, arguments.seed, rasterizer)
    rasterizer.close()
    print(f"{result.count} mutants, the slowest took {result.slowest_s:.1f} s")
    for reason, number in result.outcomes.most_common():
        print(f"{number:8,} {reason}")
    print(*result.faults[:40], sep="\n")
    return 1 if result.faults else 0


if __name__ == "__main__":
    sys.exit(main())
