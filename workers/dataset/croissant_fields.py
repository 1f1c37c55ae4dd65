"""The record sets of Croissant: tables as sets of records, columns as fields.

A field within a struct or a list is a `subField`. Its source is the column, with a JSONPath from
there, or from each item of a list: `member.name` of `uris`, and `cells.*.row` of `blocks`, where a
list holds another. `mlcroissant` 1.1 reads null there: it finds nothing within the second list.
"""

from __future__ import annotations

import functools

import pyarrow as pa

from schemas.descriptions import TABLE_DESCRIPTIONS, description
from schemas.splits import TRAIN, VALIDATION
from schemas.tables import IMAGE, KEYS

Json = dict[str, object]

_TYPES = {
    pa.string(): "sc:Text",
    pa.binary(): "sc:Text",  # Croissant has no type for bytes
    pa.bool_(): "sc:Boolean",
    pa.int32(): "cr:Int32",
    pa.int64(): "cr:Int64",
    pa.float32(): "cr:Float32",
}
_KEYS = {**KEYS, "inventory": "doc_id"}
_REFERS = {
    "pages": " `doc_id` names a row of `inventory`, and one of `documents` if it is kept.",
    "documents": " `doc_id` names a row of `inventory`.",
    "crops": " `page_id` names a row of `pages`.",
    "conversations": " `doc_id` names a row of `inventory`.",
    "rejects": " `doc_id` names a row of `inventory`.",
}
"""Said in words. With `references`, `mlcroissant` 1.1 would join the tables: it reads both into
memory, pictures included, before it gives the first record."""
_SPLITS = {TRAIN: "cr:TrainingSplit", VALIDATION: "cr:ValidationSplit"}
_LIST = {"isArray": True, "arrayShape": "-1"}


def file_set_id(table: str) -> str:
    """The name of the files of a table."""
    return f"{table}-parts"


@functools.cache
def record_set(table: str, schema: pa.Schema) -> Json:
    """A table as a record set, which all callers share.

    >>> record_set("crops", pa.schema([("width", pa.int32())]))["key"]
    {'@id': 'crops/crop_id'}
    """
    named: Json = {
        "@type": "cr:RecordSet",
        "@id": table,
        "name": table,
        "description": TABLE_DESCRIPTIONS[table] + _REFERS.get(table, ""),
    }
    if table in _KEYS:
        named["key"] = {"@id": f"{table}/{_KEYS[table]}"}
    return {**named, "field": [_field(table, field.name, field.type, "") for field in schema]}


def splits() -> Json:
    """What the values of the column `split` mean."""
    fields = [_named("splits", name, "") for name in ("name", "url")]
    return {
        "@type": "cr:RecordSet",
        "@id": "splits",
        "name": "splits",
        "description": "The values of the column `split`.",
        "dataType": "cr:Split",
        "key": {"@id": "splits/name"},
        "field": [
            {**field, "dataType": kind}
            for field, kind in zip(fields, ("sc:Text", "sc:URL"), strict=True)
        ],
        "data": [{"splits/name": name, "splits/url": url} for name, url in _SPLITS.items()],
    }


def _named(table: str, path: str, words: str) -> Json:
    name: Json = {
        "@type": "cr:Field",
        "@id": f"{table}/{path.replace('.', '/')}",
        "name": path.rpartition(".")[2],
    }
    return {**name, "description": words} if words else name


def _field(table: str, path: str, kind: pa.DataType, json_path: str) -> Json:
    """The field at a path such as `blocks.bbox`, with the JSONPath to it within its column."""
    field = _named(table, path, description(table, path))
    is_list = pa.types.is_list(kind)
    if is_list:
        field, kind = {**field, **_LIST}, kind.value_type
        json_path += ".*" if json_path and pa.types.is_struct(kind) else ""
    if kind == IMAGE:
        # mlcroissant decodes the items of a list only where it says `repeated`, the older word.
        field = {**field, **({"repeated": True} if is_list else {}), "dataType": "sc:ImageObject"}
        json_path = _below(json_path, "bytes")
    elif pa.types.is_struct(kind):
        inner = [
            _field(table, f"{path}.{inner.name}", inner.type, _below(json_path, inner.name))
            for inner in kind
        ]
        return {**field, "subField": inner}
    elif path == "split":
        field = {**field, "dataType": ["sc:Text", "cr:Split"]}
    else:
        field = {**field, "dataType": _TYPES[kind]}
    source: Json = {
        "fileSet": {"@id": file_set_id(table)},
        "extract": {"column": path.partition(".")[0]},
    }
    return {**field, "source": {**source, **_transform(json_path)}}


def _below(json_path: str, name: str) -> str:
    return f"{json_path}.{name}" if json_path else name


def _transform(json_path: str) -> Json:
    return {"transform": {"jsonPath": json_path}} if json_path else {}
