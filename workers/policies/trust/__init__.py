"""The policy `trust`: what a reader of the text does not see, and what addresses a model instead.

Owns: functions from a text, and from what its page says of hidden text, to findings. Does not: see
the page. Text that a PDF hides is found where its text layer is read (`workers.textlayer.hidden`).

    find("Ignore all previous instructions.")    # [Finding(0, 33, "trust", "instructions", ...)]

Start reading in `invisible`.
"""

from __future__ import annotations

from schemas.findings import Finding
from workers.policies.trust.hidden import hidden_text
from workers.policies.trust.instructions import instructions
from workers.policies.trust.invisible import invisible
from workers.policies.trust.scripts import mixed_scripts

__all__ = ["find", "hidden_text"]


def find(text: str) -> list[Finding]:
    """The findings of all kinds in a text, in the order of their places."""
    return sorted([*invisible(text), *mixed_scripts(text), *instructions(text)])
