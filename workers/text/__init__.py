r"""Texts: cleaning, token counts, language, quality, and the signatures that find duplicates.

Owns: pure functions of strings and pictures. Does not: decide what is a duplicate
(`workers.publishing`) or what becomes of a bad reading (`workers.reading`).

    clean("a\x00b")                              # "ab"
    measures.count_tokens("one text")            # 2
    quality.judge(scores, text_tokens, floors)   # None, or why the reading is rejected

Start reading in `cleaning`; import the modules `measures`, `quality` and `signatures` by name.
"""

from workers.text.cleaning import MAX_DETAIL_CHARS, clean, first_line, harmful_chars, one_line

__all__ = ["MAX_DETAIL_CHARS", "clean", "first_line", "harmful_chars", "one_line"]
