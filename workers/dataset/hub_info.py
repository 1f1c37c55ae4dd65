"""What a card says for the Hugging Face Hub: `dataset_info`, which `datasets` checks at load.

A feature is written as `datasets` writes it, so that its types, and the pictures among them, are
known before a part is opened. Parts of an earlier release may lack columns: `datasets` then reads
nulls, because it knows here which columns there are. `tests/pipelines/test_consumers.py` compares
all of it with what `datasets` makes of the parts.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from schemas.scores import schema_with, score_column
from schemas.splits import TRAIN
from schemas.tables import IMAGE
from schemas.versions import VersionRecord
from schemas.yaml_text import write_names
from workers.dataset.delta import PartFile

_WORDS = {
    pa.string(): "string",
    pa.binary(): "binary",
    pa.bool_(): "bool",
    pa.int32(): "int32",
    pa.int64(): "int64",
    pa.float32(): "float32",
}


@dataclass(frozen=True, slots=True)
class OnHub:
    """Where a version lies on a Hub: the repository `OWNER/NAME`, its page, and its tag."""

    repository: str
    url: str
    tag: str


def columns_of(table: str, record: VersionRecord) -> pa.Schema:
    """The schema of a table in a version, with the columns of scores that its commit names."""
    scores = record.get("publish_settings", {}).get("scores", ())
    assert isinstance(scores, (list, tuple))
    return schema_with(table, [score_column(score["name"]) for score in scores])


def dataset_info(
    name: str, schema: pa.Schema, parts: Mapping[str | None, Sequence[PartFile]]
) -> str:
    """A table as an entry of the list `dataset_info`, in YAML; `parts` are by split.

    The sizes are those of the parts as they are downloaded; in memory texts are larger.
    """
    splits = [
        {
            "name": split or TRAIN,  # where there is none, `datasets` calls all rows `train`
            "num_bytes": sum(part.size for part in of_split),
            "num_examples": sum(part.rows for part in of_split),
        }
        for split, of_split in parts.items()
    ]
    size = sum(part.size for of_split in parts.values() for part in of_split)
    sizes = {"splits": splits, "download_size": size, "dataset_size": size}
    entry = write_names({"config_name": name}) + _written_features(schema) + write_names(sizes)
    return "- " + entry.rstrip("\n").replace("\n", "\n  ") + "\n"


@functools.cache
def _written_features(schema: pa.Schema) -> str:
    """Each version of a dataset has the same columns, and YAML of a thousand words takes 7 ms."""
    return write_names({"features": features(schema)})


def features(fields: pa.Schema | pa.StructType) -> list[dict[str, object]]:
    """Columns, or the fields of a struct, as `Features` are written in YAML.

    >>> features(pa.schema([("ages", pa.list_(pa.int32()))]))
    [{'name': 'ages', 'list': 'int32'}]
    """
    return [{"name": field.name, **_feature(field.type)} for field in fields]


def _feature(kind: pa.DataType) -> dict[str, object]:
    if kind == IMAGE:
        return {"dtype": "image"}
    if pa.types.is_struct(kind):
        return {"struct": features(kind)}
    if pa.types.is_list(kind):
        value = _feature(kind.value_type)
        # `datasets` leaves out the one word that follows from the value.
        (only,) = value.values()
        return {"list": only}
    return {"dtype": _WORDS[kind]}
