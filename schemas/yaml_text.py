"""YAML of recipes and of dataset cards: plain values. Pure.

PyYAML silently takes the last of two equal keys; in a recipe one of them is a mistake.

The header of a card has a thousand values, most of them names of columns. With libyaml, which its
wheels bring, PyYAML reads and writes them five times as fast; without it, to the same effect.
"""

from __future__ import annotations

from collections.abc import Hashable

import yaml

# What PyYAML raises for scalars that look like dates or numbers, and for deep nesting.
_PYYAML_ERRORS = (ValueError, LookupError, AttributeError, RecursionError)
_FAST_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FAST_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def parse_yaml(text: str) -> object:
    """The value of a YAML document. Raises ValueError with one line if the text is not YAML."""
    try:
        value: object = yaml.load(text, _Loader)
        return value
    except (yaml.YAMLError, *_PYYAML_ERRORS) as exc:
        raise ValueError(" ".join(str(exc).split())) from exc


def parse_card_header(text: str) -> object:
    """The value of a card's header, whoever wrote it. Raises yaml.YAMLError if it is not YAML."""
    value: object = yaml.load(text, _FAST_LOADER)
    return value


def write_names(value: object) -> str:
    """YAML of a value whose words are all ASCII, in the order of its keys.

    libyaml would escape characters beyond U+FFFF, which `yaml.safe_dump` can leave as they are.
    """
    return str(yaml.dump(value, Dumper=_FAST_DUMPER, sort_keys=False))


class _Loader(yaml.SafeLoader):
    def construct_mapping(
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[Hashable, object]:
        keys: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in keys:
                    line = key.start_mark.line + 1
                    raise yaml.YAMLError(f"line {line}: the key `{key.value}` appears twice")
                keys.add(key.value)
        return super().construct_mapping(node, deep)
