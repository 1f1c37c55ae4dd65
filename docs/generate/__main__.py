"""`python -m docs.generate FOLDER`: write everything that the site is built from into FOLDER."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from docs.generate.commands import command_reference
from docs.generate.recipe import recipe_reference
from docs.generate.rooms import drawing, rooms, rooms_table
from docs.generate.tables import column_reference, reject_reasons

DOCS = Path(__file__).parent.parent
_GENERATED_BY = "<!-- Made from the code by `make docs`. -->\n\n"


def write_sources(folder: Path) -> None:
    """Write the pages of `docs/` and the generated ones into a folder, which is emptied first."""
    shutil.rmtree(folder, ignore_errors=True)
    pages = folder / "pages"
    shutil.copytree(DOCS, pages, ignore=shutil.ignore_patterns("generate", "*.toml"))
    shutil.copy(DOCS / "zensical.toml", folder)
    reference = pages / "reference"
    reference.mkdir()
    made = rooms()
    for name, text in {
        "recipe.md": recipe_reference(),
        "commands.md": command_reference(),
        "rejects.md": reject_reasons(),
        "columns.md": column_reference(),
        "rooms.md": rooms_table(made),
    }.items():
        (reference / name).write_text(_GENERATED_BY + text)
    (reference / "rooms.svg").write_text(drawing(made))


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    write_sources(parser.parse_args().folder)


if __name__ == "__main__":
    main()
