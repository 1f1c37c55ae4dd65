"""Figures of plane geometry, with dictionaries of what is on them."""
