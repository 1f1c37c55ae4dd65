"""What is known of a row, as names and values for people. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]
Fact = tuple[str, str]
"""A name and a value."""

_NOT_NAMED = ("own", "license_from")


@dataclass(frozen=True, slots=True)
class Finding:
    """What a policy found, in words."""

    policy: str
    kind: str
    action: str
    place: str
    certainty: str
    detail: str | None


def page_facts(row: Row) -> list[Fact]:
    """How a page was read, what it costs, and how good it is."""
    return [
        ("engine", _named(row["engine"], row["model"], row["mode"])),
        ("text from", row["text_source"].replace("_", " ")),
        *_if("language", _language(row), ""),
        *_if("text tokens", row["text_tokens"], ","),
        *_if("vision tokens", row["vision_tokens"], ","),
        *_if("compression", row["compression"], ".2f"),
        *_if("trainer tokens", row["trainer_tokens"], ","),
        ("picture", f"{row['width']:,} × {row['height']:,} px"),
        *_if("turned by", row["rotation"] or None, "", "°"),
        *_if("stands for", row["copies"], ",", " pages"),
        *quality_facts(row["quality"]),
    ]


def quality_facts(quality: Mapping[str, float | None] | None) -> list[Fact]:
    """The signals of quality that a row has."""
    names = {
        "score": "quality", "confidence": "confidence", "coverage": "coverage",
        "repetition": "repetition", "symbol_share": "symbols", "ink_share": "ink",
    }  # fmt: skip
    found = quality or {}
    return [fact for key, name in names.items() for fact in _if(name, found.get(key), ".3f")]


def source_facts(row: Row) -> list[Fact]:
    """Where a document is from."""
    source: Mapping[str, str | None] = row.get("source") or {}
    return [
        ("file", str(row["source_uri"])),
        *(
            ("licence" if name == "license" else name, value)
            for name, value in source.items()
            if value and name not in _NOT_NAMED
        ),
    ]


def findings_of(row: Row) -> list[Finding]:
    """What policies found in a row."""
    return [
        Finding(
            found["policy"],
            found["kind"].replace("_", " "),
            found["action"],
            f"characters {found['start']:,}–{found['end']:,}" if found["end"] else "whole row",
            f"{found['certainty']:.2f}",
            found["detail"],
        )
        for found in row.get("findings") or ()
    ]


def attempts_of(row: Row) -> Sequence[Mapping[str, Any]]:
    """The tries at reading a page, in order."""
    return row.get("attempts") or ()


def conversation_facts(row: Row) -> list[Fact]:
    """What a conversation costs as text, and with its older turns as images."""
    return [
        ("turns", f"{len(row['turns']):,}"),
        ("images", f"{len(row['shown']):,}"),
        *_if("tokens as text", row["tokens_before"], ","),
        *_if("tokens with images", row["tokens_after"], ","),
        *_if("ratio", row["ratio"], ".2f"),
        *_if("mode", row["mode"] or None, ""),
        *quality_facts(row["quality"]),
    ]


def crop_facts(row: Row) -> list[Fact]:
    """How a crop was read."""
    return [
        ("region", row["label"]),
        ("engine", _named(row["engine"], row["model"], row["mode"])),
        *_if("text tokens", row["text_tokens"], ","),
        *_if("vision tokens", row["vision_tokens"], ","),
        *_if("compression", row["compression"], ".2f"),
        ("picture", f"{row['width']:,} × {row['height']:,} px"),
        *_if("not read", row["reason"], ""),
        *_if("detail", row["detail"], ""),
    ]


def _language(row: Row) -> str | None:
    """A page's language, with how sure that is."""
    language, score = row["language"], row["language_score"]
    return language if language is None or score is None else f"{language} ({score:.2f})"


def _named(*names: str | None) -> str:
    """An engine, its model and its mode, those that are known."""
    known = dict.fromkeys(name.replace("text_layer", "text layer") for name in names if name)
    return " · ".join(known) or "none"


def _if(name: str, value: Any, form: str, unit: str = "") -> Iterator[Fact]:
    """A fact, where there is one."""
    if value is not None:
        yield name, f"{value:{form}}{unit}"
