"""Formulas by a grammar, drawn by mathtext, with their LaTeX."""
