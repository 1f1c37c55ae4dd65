"""Texts set as pages: blocks, fonts, typography, and the proof that a page shows its text.

Start reading in `typeset`; `markdown` makes blocks of a text.
"""
