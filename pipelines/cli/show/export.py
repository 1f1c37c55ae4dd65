"""How the end of an export looks in a terminal."""

from __future__ import annotations

from rich.console import RenderableType

from pipelines.cli.show.printed import facts_table
from pipelines.export import Exported

_HINTS = {
    "webdataset": 'webdataset.WebDataset("…/shard-{{00000..{last:05d}}}.tar")',
    "interleaved-webdataset": 'webdataset.WebDataset("…/shard-{{00000..{last:05d}}}.tar")',
    "mds": 'streaming.StreamingDataset(local="…", batch_size=32)',
    "lance": 'lance.dataset("…")',
    "megatron": "--data-path …/shard_00000 to …/shard_{last:05d}",
    "jsonl": 'datasets.load_dataset("json", data_files="…/*.jsonl")',
    "text": "nanochat, as its data folder; the last shard is for validation",
    "interleaved": 'datasets.load_dataset("parquet", data_files="…/*.parquet")',
}


def exported(value: Exported) -> RenderableType:
    """An export, and how it is read."""
    options = value.options
    last = max(len(value.shards) - 1, 0)
    facts: dict[str, object] = {
        "export": value.destination,
        "of": f"{options['table']}, version {options['version']} of {options['dataset']}",
        "format": options["format"],
        "rows": value.rows,
        "shards": f"{len(value.shards):,}, {value.bytes / 1e6:,.1f} MB",
        "there already": f"{value.kept_shards:,} shards",
        "read it with": _HINTS[options["format"]].format(last=last),
    }
    if options["where"] is not None:
        facts["where"] = options["where"]
    if not value.kept_shards:
        del facts["there already"]
    return facts_table("exported", facts)
