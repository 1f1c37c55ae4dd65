"""The sample corpus: a few small documents, good and bad, to try a run on.

Owns the files that `pagefoundry sample` writes and what a run makes of each. Every byte is made
here: the prose is the project's own.

    write_sample_corpus("demo/corpus")

Start reading in `corpus`.
"""

from workers.sample.corpus import write_sample_corpus

__all__ = ["write_sample_corpus"]
