"""Makes the pages of the site that are derived from the code.

Owns the recipe reference, the command reference, the drawing of the rooms, and the list of reject
reasons. The other pages are the Markdown files in `docs/`. `make docs` runs `python -m
docs.generate FOLDER` and lets the site generator build what that wrote. Start reading in
`__main__`.
"""
