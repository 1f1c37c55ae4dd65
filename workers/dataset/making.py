"""How a version was made, in sentences: what its commit says of the recipe. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas.versions import VersionRecord

_ROUTINGS = {
    "prefer": "The text layer of a page is taken where it is good; the engine reads the others.",
    "only": "The text layer of a page is taken; no engine reads.",
    "never": "The engine reads every page; text layers are not used.",
}


def making(record: VersionRecord) -> list[str]:
    """A sentence for each step of the recipe; none where the commit does not say it."""
    reading: Mapping[str, Any] = record.get("reading_settings", {})
    if not reading:
        return []
    raster = reading["raster"]
    lines = [
        f"Pages are pictures of at most {raster['longest_edge_px']:,} px, as {raster['format']}.",
        _ROUTINGS[reading["routing"]],
    ]
    if reading["routing"] != "only":
        lines += [f"Engine: {_engine(reading['engine'])}."]
        if reading.get("fallback"):
            lines += [f"Where it fails: {_engine(reading['fallback'])}."]
    lines += [
        f"Running heads, page numbers and the like: {reading.get('furniture', 'keep')} in texts."
    ]
    return lines + _publishing(record.get("publish_settings", {}))


def tools(record: VersionRecord) -> list[str]:
    """The engines and models that read and judge rows; none where the commit does not say it."""
    reading: Mapping[str, Any] = record.get("reading_settings", {})
    if not reading:
        return []
    engines = [] if reading["routing"] == "only" else [reading["engine"], reading.get("fallback")]
    text_layer = ["text layers of PDFs"] if reading["routing"] != "never" else []
    named = [_engine(engine) for engine in engines if engine]
    return text_layer + named + _scores(record.get("publish_settings", {}))


def _publishing(settings: Mapping[str, Any]) -> list[str]:
    """A line for each step that the recipe has after reading."""
    lines = []
    near = (settings.get("dedup") or {}).get("near")
    if near:
        lines.append(f"Near duplicates are dropped from a Jaccard similarity of {near['jaccard']}.")
    policies = [f"`{name}`" for policy in settings.get("policies", ()) for name in policy]
    if policies:
        lines.append(f"Policies, in this order: {', '.join(policies)}.")
    lines += [f"{score}." for score in _scores(settings)]
    for key, words in (
        ("mix", "A mix chooses rows by weight."),
        ("limits", "Sources are limited."),
    ):
        if key in settings:
            lines.append(words)
    if (settings.get("rights") or {}).get("reserved") == "drop":
        lines.append("Documents whose owners reserve their use are left out.")
    return lines


def _scores(settings: Mapping[str, Any]) -> list[str]:
    return [
        f"`score_{score['name']}` is by `{score['model']}` at `{score['revision']}`"
        for score in settings.get("scores", ())
    ]


def _engine(engine: Mapping[str, Any]) -> str:
    words = [f"`{engine['name']}`"]
    for key, before in (("model", "model"), ("revision", "at"), ("mode", "in the mode")):
        if engine.get(key):
            words.append(f"{before} `{engine[key]}`")
    return ", ".join(words[:2]) + "".join(f" {word}" for word in words[2:])
