"""`python -m docs.generate.sample DATASET FILE PAGE OUTPUT`: one sample as SVG, for the README.

The page with its blocks stands on the left, the text of the row on the right. PAGE counts from 1.
The committed `docs/pictures/sample.svg` shows page 2 of `river-survey` of the sample corpus.
"""

from __future__ import annotations

import argparse
import base64
import io
import textwrap
from html import escape
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
from deltalake import DeltaTable
from PIL import Image

_WIDTH, _LINE, _CHARS = 520, 15.5, 74
_STYLE = (
    "text{font:11.5px ui-monospace,monospace;fill:#1b1f24;white-space:pre}"
    ".block{fill:#0969da14;stroke:#0969da}.label{fill:#0969da;text-anchor:end}"
)


def row_of(dataset: str, file: str, page_index: int) -> dict[str, Any]:
    """The sample of a page. Raises ValueError where the dataset has no such sample."""
    table = DeltaTable(f"{dataset}/pages").to_pyarrow_table()
    is_page = pc.equal(table["page_index"], page_index)
    found = table.filter(pc.and_(pc.match_substring(table["source_uri"], file), is_page))
    rows: list[dict[str, Any]] = found.to_pylist()
    if not rows:
        raise ValueError(f"{dataset} has no sample of page {page_index + 1} of {file}")
    return rows[0]


def picture(row: dict[str, Any]) -> str:
    """A row of `pages` as SVG."""
    page = Image.open(io.BytesIO(row["image"]["bytes"])).convert("RGB")
    height = round(_WIDTH * page.height / page.width)
    shown = io.BytesIO()
    page.resize((round(_WIDTH * 1.5), round(height * 1.5))).save(shown, "JPEG", quality=75)
    data = base64.b64encode(shown.getvalue()).decode()
    blocks = "".join(_block(block, _WIDTH, height) for block in row["blocks"])
    lines = [part for line in row["text"].splitlines() for part in _wrapped(line)]
    text = "".join(
        f'<text x="{_WIDTH + 30}" y="{number * _LINE + 20:.1f}">{escape(line)}</text>'
        for number, line in enumerate(lines)
    )
    size = f"{2 * _WIDTH + 60} {max(height, round(len(lines) * _LINE + 30))}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" role="img">'
        f"<title>A sample: the page with its blocks, and its text</title><style>{_STYLE}</style>"
        f'<rect width="100%" height="100%" fill="#fff"/>'
        f'<image width="{_WIDTH}" height="{height}" href="data:image/jpeg;base64,{data}"/>'
        f'<rect width="{_WIDTH}" height="{height}" fill="none" stroke="#d0d7de"/>'
        f"{blocks}{text}</svg>\n"
    )


def _block(block: dict[str, Any], width: int, height: int) -> str:
    x0, y0, x1, y1 = block["bbox"]
    x, y = x0 * width, y0 * height
    return (
        f'<rect class="block" x="{x:.1f}" y="{y:.1f}" width="{(x1 - x0) * width:.1f}" '
        f'height="{(y1 - y0) * height:.1f}"/>'
        f'<text class="label" x="{x - 5:.1f}" y="{y + 12:.1f}">{escape(block["label"])}</text>'
    )


def _wrapped(line: str) -> list[str]:
    return textwrap.wrap(line, _CHARS) or [""]


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset")
    parser.add_argument("file")
    parser.add_argument("page", type=int)
    parser.add_argument("output", type=Path)
    given = parser.parse_args()
    given.output.write_text(picture(row_of(given.dataset, given.file, given.page - 1)))


if __name__ == "__main__":
    main()
