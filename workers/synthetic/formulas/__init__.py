"""Formulas by a grammar, drawn by mathtext, and their LaTeX."""
