"""YAML as recipes are written: plain values, and each key once. Pure.

PyYAML takes the last of two equal keys without a word; in a recipe one of them is a mistake.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import yaml

# What PyYAML lets out for scalars that only look like dates or numbers, and for deep nests.
_LEAKS = (ValueError, LookupError, AttributeError, RecursionError)


def parse_yaml(text: str) -> Any:
    """The value of a YAML document. Raises ValueError, one line, for what is none."""
    try:
        return yaml.load(text, _Loader)
    except (yaml.YAMLError, *_LEAKS) as exc:
        raise ValueError(" ".join(str(exc).split())) from exc


class _Loader(yaml.SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    line = key.start_mark.line + 1
                    raise yaml.YAMLError(f"line {line}: the key `{key.value}` is there already")
                seen.add(key.value)
        return super().construct_mapping(node, deep)
