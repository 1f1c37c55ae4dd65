"""The pages that are made from the code, and the drawing of the rooms."""

from __future__ import annotations

import itertools
from xml.etree import ElementTree

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docs.generate.commands import command_reference, commands
from docs.generate.layers import place
from docs.generate.recipe import recipe_reference, value_words
from docs.generate.rooms import TOP, drawing, rooms, rooms_table
from docs.generate.tables import column_reference, reject_reasons
from schemas.recipe_schema import recipe_schema
from schemas.reject_reasons import REJECT_REASONS
from schemas.tables import SCHEMAS

SCHEMA = recipe_schema()
LAYER = {"pipelines": 0, "workers": 1, "cluster": 1, "schemas": 2}


def test_the_recipe_reference_has_every_key_of_every_section() -> None:
    page = recipe_reference()
    for model in (SCHEMA, *SCHEMA["$defs"].values()):
        section = next(m for m in model.get("anyOf", [model]) if "properties" in m)
        for key, value in section["properties"].items():
            assert f"| `{key}` | " in page
            assert value["description"] in page


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"type": "number", "exclusiveMinimum": 0, "maximum": 1}, "number, more than 0, 1 or less"),
        ({"enum": ["a", "b", "c"], "type": "string"}, "`a`, `b` or `c`"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "text or `null`"),
        ({"$ref": "#/$defs/Raster"}, "[section](#raster)"),
    ],
)
def test_a_value_is_told_in_words(value: dict[str, object], words: str) -> None:
    assert value_words(value, {"Raster": "raster"}) == words


def test_one_value_may_stand_for_a_list_and_one_number_for_a_range() -> None:
    page = recipe_reference()
    assert "| `documents` | text; one, or a list | *required* |" in page
    assert "| `difficulty` | whole number, 1 to 5; one, or `[least, most]` | `[1, 5]` |" in page


def test_the_command_reference_has_every_command_and_option() -> None:
    page = command_reference()
    for names, command in commands():
        assert f"\n## {' '.join(names)} {{#" in page
        for parameter in command.params:
            if parameter.param_type_name == "option":
                assert parameter.opts[0] in page
                assert parameter.help


def test_every_reason_of_a_reject_is_listed() -> None:
    page = reject_reasons()
    assert [reason for reason in REJECT_REASONS if f"| `{reason}` |" not in page] == []


def test_every_column_of_every_table_is_on_the_page_of_columns() -> None:
    page = column_reference()
    for table, schema in SCHEMAS.items():
        section = page.split(f"\n## {table}\n")[1].split("\n## ")[0]
        assert [name for name in schema.names if f"| `{name}` | " not in section] == []
    assert "| `blocks.cells.bbox` | `list of float32` | Where it stands: left, top, " in page


def test_the_rooms_are_drawn_with_arrows_that_point_downwards() -> None:
    made = rooms()
    tree = ElementTree.fromstring(drawing(made))
    labels = {text.text or "" for text in tree.iter("{http://www.w3.org/2000/svg}text")}
    drawn = {part for label in labels for part in label.removesuffix("/").split(" ⇄ ")}
    assert {room.rpartition(".")[2] for room in made.names if "." in room} <= drawn
    assert set(TOP) <= drawn
    for importer, imported in made.graph.edges:
        a, b = importer.partition(".")[0], imported.partition(".")[0]
        assert a == b or LAYER[a] < LAYER[b], (importer, imported)


def test_the_table_of_rooms_names_each_with_what_it_owns() -> None:
    lines = rooms_table(rooms()).splitlines()
    rows = [line.split(" | ") for line in lines if line.startswith("| `")]
    assert len(rows) == len(rooms().names)
    assert all(len(owns) > 20 for _, owns, _ in rows)


def test_a_circle_is_refused() -> None:
    with pytest.raises(ValueError, match="in a circle"):
        place(nx.DiGraph([("a", "b"), ("b", "a")]), str)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=25))
def test_any_graph_without_circles_is_placed_without_overlaps(pairs: list[tuple[int, int]]) -> None:
    graph = nx.DiGraph([(f"n{min(p)}", f"n{max(p)}") for p in pairs if p[0] != p[1]])
    graph.add_node("alone")
    placed = place(graph, str)
    assert set(placed.boxes) == set(graph)
    for arrow in placed.arrows:
        heights = [y for _, y in arrow]
        assert heights == sorted(heights)
    boxes = sorted(placed.boxes.values(), key=lambda box: (box.y, box.x))
    for left, right in itertools.pairwise(boxes):
        assert left.y < right.y or left.x + left.width <= right.x
