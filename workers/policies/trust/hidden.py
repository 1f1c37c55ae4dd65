"""Pages whose text layer says more than a reader sees, by their column `hidden`. Pure."""

from __future__ import annotations

from schemas.findings import Finding
from schemas.hidden_text import HiddenRow


def hidden_text(hidden: HiddenRow | None, floor: float) -> list[Finding]:
    """A finding of the whole row where the share of hidden text is at least `floor`.

    >>> hidden_text({"share": 0.2, "ways": ["tiny"], "fragments": ["ignore this"]}, 0.01)[0].detail
    'tiny'
    """
    if hidden is None or not hidden["ways"] or hidden["share"] < floor:
        return []
    return [Finding(0, 0, "trust", "hidden_text", 1.0, ", ".join(hidden["ways"]))]
