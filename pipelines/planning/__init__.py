"""Before a run: can the recipe be run (`check`), and what would it take (`plan`)?

Changes nothing. Start reading in `plan`; `rates` and `probe` say how long a page takes.
"""
