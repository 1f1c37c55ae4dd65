"""Texts: cleaning, token counts, language, quality, and the signatures that find duplicates.

Pure functions of strings and pictures. Does not decide what is a duplicate: that is
`workers.publishing`.

    clean("a\x00b")                              # "ab"
    measures.count_tokens("one text")

The modules `measures`, `quality` and `signatures` are used by their names.
"""

from workers.text.cleaning import clean, harmful_chars

__all__ = ["clean", "harmful_chars"]
