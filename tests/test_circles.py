"""No file imports in a circle, also not one that is closed by an import within a function.

Import-linter forbids circles of siblings; it does not see one between a room's `__init__` and the
files of that room.
"""

from __future__ import annotations

import grimp
import networkx


def circles(imports: networkx.DiGraph) -> list[list[str]]:
    """Groups of modules that import each other, directly or through others."""
    groups = networkx.strongly_connected_components(imports)
    return sorted(sorted(group) for group in groups if len(group) > 1)


def test_no_file_imports_in_a_circle() -> None:
    graph = grimp.build_graph("schemas", "workers", "cluster", "pipelines")
    imports = networkx.DiGraph(
        (module, imported)
        for module in graph.modules
        for imported in graph.find_modules_directly_imported_by(module)
    )
    assert imports.number_of_nodes() > 300
    assert circles(imports) == []


def test_a_circle_is_found() -> None:
    assert circles(networkx.DiGraph([("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")])) == [
        ["a", "b", "c"]
    ]
