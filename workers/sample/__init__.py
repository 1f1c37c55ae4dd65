"""The sample corpus: twenty small files, good and bad, to try a run on.

Owns: the files that `pagefoundry sample` writes, and what a run should make of each. Every byte is
made here; the prose was written for this project. Does not: run anything on them.

    files = write_sample_corpus(Path("demo/corpus"))
    [file.name for file in files if file.pages == 0]    # the unreadable ones

Start reading in `corpus`; `pages` draws, `locked` encrypts, the modules `prose*` are data.
"""

from workers.sample.corpus import write_sample_corpus

__all__ = ["write_sample_corpus"]
