"""Defaults that the help of a command shows, apart from the work that uses them.

The help must be there at once, and importing that work takes seconds.
"""

GRACE_HOURS = 24.0
"""How long `vacuum` keeps the leftovers of killed runs."""

PROBE_PAGES = 8
"""How many pages the engine reads for `plan --probe`."""
