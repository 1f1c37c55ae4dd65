"""How well pages are read, and how far they can be compressed: measures, tables, plots, reports."""
