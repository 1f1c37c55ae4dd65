r"""Texts: cleaning, token counts, language, quality, and the signatures that find duplicates.

Owns: pure functions of strings and pictures. Does not: decide what is a duplicate
(`workers.publishing`) or what becomes of a bad reading (`workers.reading`).

    clean("a\x00b")                              # "ab"
    measures.count_tokens("one text")            # 2
    languages.language("Ein kurzer Satz.")       # ("de", 0.94)
    quality.judge(scores, text_tokens, floors)   # None, or why the reading is rejected

Start reading in `cleaning`; import the modules `languages`, `measures`, `quality` and `signatures`
by name.
"""

from workers.text.cleaning import clean, harmful_chars

__all__ = ["clean", "harmful_chars"]
