"""Figures of plane geometry, and dictionaries of what is on them."""
