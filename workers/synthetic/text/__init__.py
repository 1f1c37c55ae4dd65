"""Texts set as pages: blocks, fonts, typography, and the proof that a page shows its text."""
