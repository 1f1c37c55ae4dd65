"""The command `export`: rows of a dataset in the format that a trainer reads."""

from __future__ import annotations

import re
from typing import Annotated, Literal

import typer

from pipelines.cli.arguments import DatasetArg, JsonFlag, VersionOption, print_result
from pipelines.cli.console import console
from schemas.errors import RequestError

app = typer.Typer()

# These are those of `workers.exporting.formats`, which is imported when the command runs.
FormatName = Literal[
    "webdataset", "mds", "lance", "megatron", "jsonl", "text",
    "interleaved", "interleaved-webdataset",
]  # fmt: skip
PictureKind = Literal["figures", "pages"]
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?(|k|M|G)i?B?", re.IGNORECASE)
_SCALES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}


def bytes_of(text: str) -> int:
    """A size as a person writes it: `500MB`, `2 GiB`, `1000`. Raises RequestError.

    >>> bytes_of("1.5 kB")
    1500
    """
    match = _SIZE.fullmatch(text.strip())
    scale = _SCALES[match[2].lower()] if match else 0
    if match and "i" in text.lower():
        scale = {1: 1, 10**3: 2**10, 10**6: 2**20, 10**9: 2**30}[scale]
    size = int(float(match[1]) * scale) if match else 0
    if size < 1:
        raise RequestError(f"--shard-bytes {text!r} is no size; write it as 500MB or 2GiB")
    return size


@app.command()
def export(
    dataset: DatasetArg,
    destination: Annotated[
        str,
        typer.Argument(metavar="DESTINATION", help="A folder or URL of its own for the export."),
    ],
    form: Annotated[
        FormatName,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="What to write: webdataset, "
            "mds, lance, megatron, jsonl, text, interleaved or interleaved-webdataset.",
        ),
    ],
    table: Annotated[
        str | None,
        typer.Option(
            metavar="TABLE",
            help="pages, crops, conversations or documents. The default is documents for formats "
            "of text, else pages.",
        ),
    ] = None,
    version: VersionOption = None,
    where: Annotated[
        str | None,
        typer.Option(
            metavar="SQL",
            help="Only rows for which this holds: \"language = 'en' AND text_tokens > 100\".",
        ),
    ] = None,
    columns: Annotated[
        str | None, typer.Option(metavar="A,B,…", help="Only these columns.")
    ] = None,
    pictures: Annotated[
        PictureKind | None,
        typer.Option(
            metavar="KIND",
            help="Of interleaved documents: `figures` where they stand, or whole `pages`. The "
            "default is figures.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="The seed of the order.")] = 0,
    shard_bytes: Annotated[
        str, typer.Option(metavar="SIZE", help="A shard ends with the row that reaches this size.")
    ] = "500MB",
    tokenizer: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="A `tokenizer.json` or `tekken.json` for megatron. The default is the tokenizer "
            "of `text_tokens`.",
        ),
    ] = None,
    end_token: Annotated[
        str | None,
        typer.Option(metavar="TOKEN", help="The token after each document, for megatron."),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Write rows for a trainer: in a seeded order, in shards, with a manifest of their hashes.

    The same version and options give the same shards. A command that was killed can be repeated,
    and goes on after the last finished shard.
    """
    size = bytes_of(shard_bytes)
    from pipelines.cli.show import export as show
    from pipelines.export import export as export_rows
    from workers.exporting.formats import Export

    names = tuple(name.strip() for name in columns.split(",")) if columns else None
    wanted = Export(
        dataset, form, table, version, where, names, seed, size, tokenizer, end_token, pictures
    )
    print_result(export_rows(wanted, destination, console), as_json, show.exported)
