"""Grammars: what each model's output means, as text and blocks. Pure, and total on any string.

Start reading in `parsed`, the result of all of them; `parsers` has the parser of each name.
"""
