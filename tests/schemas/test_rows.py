"""The typed rows of `schemas.rows` against the Arrow schemas of `schemas.tables`."""

from __future__ import annotations

from collections.abc import Sequence
from types import NoneType, UnionType
from typing import Any, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

import pyarrow as pa
import pytest

from schemas import changes, rows, tables

SHAPES = {
    rows.CellRow: tables.CELL,
    rows.BlockRow: tables.BLOCK,
    rows.AttemptRow: tables.ATTEMPT,
    rows.QualityRow: tables.QUALITY,
    rows.SourceRow: tables.SOURCE,
    rows.MessageRow: tables.MESSAGE,
    rows.TurnRow: tables.TURN,
    rows.ShownRow: tables.SHOWN,
    rows.MemberRow: tables.MEMBER,
    rows.SeenRow: tables.SEEN,
    rows.StagedRow: tables.STAGED,
    rows.StagedCrop: tables.STAGED_CROPS,
    rows.RejectRow: tables.REJECTS,
    rows.DocumentRow: tables.DOCUMENTS,
    rows.InventoryRow: tables.INVENTORY,
    rows.FindingRow: list(tables.FINDING),
    rows.HeuristicsRow: list(tables.HEURISTICS),
    rows.HiddenRow: list(tables.HIDDEN),
    rows.ChangeRow: changes.CHANGE,
}
_SCALARS = {
    str: pa.types.is_string,
    bool: pa.types.is_boolean,
    int: pa.types.is_integer,
    float: pa.types.is_floating,
    bytes: pa.types.is_binary,
}


def fits(hint: Any, kind: pa.DataType, is_nullable: bool) -> bool:
    """Return whether values of a Python type can be stored in an Arrow column and read back."""
    if get_origin(hint) is NotRequired:
        return is_nullable and fits(get_args(hint)[0], kind, is_nullable)
    if get_origin(hint) in (UnionType, Union):
        kinds = [part for part in get_args(hint) if part is not NoneType]
        return is_nullable and len(kinds) == 1 and fits(kinds[0], kind, is_nullable)
    if get_origin(hint) is Sequence:
        return pa.types.is_list(kind) and fits(get_args(hint)[0], kind.value_type, False)
    if is_typeddict(hint):
        return pa.types.is_struct(kind) and not misfits(hint, list(kind))
    return bool(_SCALARS[hint](kind))


def misfits(shape: type, fields: Sequence[pa.Field]) -> list[str]:
    """Return the columns whose name, place or type differs between a typed row and a schema."""
    hints = get_type_hints(shape, include_extras=True)
    names = [field.name for field in fields]
    if list(hints) != names:
        return [f"{shape.__name__} has {list(hints)}, not {names}"]
    return [
        f"{shape.__name__}.{field.name}: {hints[field.name]} is no {field.type}"
        for field in fields
        if not fits(hints[field.name], field.type, field.nullable)
    ]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_a_typed_row_has_the_columns_of_its_schema(shape: type) -> None:
    assert misfits(shape, list(SHAPES[shape])) == []


def test_every_typed_row_is_compared() -> None:
    """All except the two key types, whose columns are part of the rows that use them."""
    known = {name for name in vars(rows) if is_typeddict(getattr(rows, name))}
    within = {"PageKey", "CropKey", "PartRow"}
    assert known - within == {shape.__name__ for shape in SHAPES}


@pytest.mark.parametrize(
    ("hint", "kind", "is_nullable"),
    [
        (str, pa.int32(), True),
        (int, pa.float32(), True),
        (str | None, pa.string(), False),
        (NotRequired[str], pa.string(), False),
        (str | int, pa.string(), True),
        (Sequence[str], pa.string(), True),
        (Sequence[str], pa.list_(pa.int32()), True),
        (rows.SeenRow, pa.struct([("uri", pa.string()), ("size", pa.int64())]), True),
    ],
)
def test_what_differs_does_not_fit(hint: Any, kind: pa.DataType, is_nullable: bool) -> None:
    """This shows that the comparison can fail."""
    assert not fits(hint, kind, is_nullable)
