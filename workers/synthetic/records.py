"""Read the records of a source: the lines of a file, a generator's draws, the sample molecules.

Owns how each kind of source numbers its records. The formats of files belong to `corpora`; records
are listed and counted by `listing`, and made into pages by `pages`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from schemas.conversations import ConversationSource
from schemas.figures import SAMPLE
from schemas.sources import RecordSource, is_generator, kind_of, names_sample
from schemas.text_source import TextSource
from workers import store
from workers.synthetic.chemistry.molecules import MOLECULES
from workers.synthetic.corpora.reading import Corpus, fetch_records, read_records
from workers.synthetic.corpora.record import Record


@contextmanager
def open_records(
    source: RecordSource, file_uri: str, numbers: Sequence[int] | None = None
) -> Iterator[Iterator[Record]]:
    """The records of a file or of a generator: all, or those with the ascending `numbers`.

    Raises DocumentError where the contents of the file do not fit its name.
    """
    if is_generator(source):
        count = draw_count(source)
        yield (Record(n, str(n)) for n in (range(count) if numbers is None else numbers))
    elif is_sample(source, file_uri):
        molecules = sample_molecules()
        yield (molecules[n] for n in (range(len(molecules)) if numbers is None else numbers))
    else:
        with store.local_copy(file_uri) as path:
            corpus = _corpus(source, path, file_uri)
            yield read_records(corpus) if numbers is None else iter(fetch_records(corpus, numbers))


def draw_count(source: RecordSource) -> int:
    """How many records a generator draws."""
    count: int = getattr(source, kind_of(source))
    return count


def is_sample(source: RecordSource, name: str) -> bool:
    """Whether `name` stands for the molecules that come with this program."""
    return names_sample(source) and name == SAMPLE


def sample_molecules() -> list[Record]:
    """The molecules that come with this program."""
    lines = (line.split(None, 1) for line in MOLECULES.splitlines())
    return [Record(number, smiles, name) for number, (smiles, name) in enumerate(lines)]


def _corpus(source: RecordSource, path: Path, file_uri: str) -> Corpus:
    if isinstance(source, TextSource | ConversationSource):
        has_chats = isinstance(source, ConversationSource)
        return Corpus(path, file_uri, source.column, source.id_column, has_chats)
    return Corpus(path, file_uri)
