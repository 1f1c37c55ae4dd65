"""Policies: what must not be in a version, found in the text of its rows."""
