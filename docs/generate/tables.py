"""The list of reject reasons, made from the table in `schemas.tables`."""

from __future__ import annotations

from schemas.reject_reasons import REJECT_REASONS


def reject_reasons() -> str:
    """The page, in Markdown."""
    rows = [f"| `{reason}` | {meaning} |" for reason, meaning in REJECT_REASONS.items()]
    return "\n".join(
        [
            "# Why a page is not in the dataset",
            "",
            "Every input that does not become a sample is a row of `rejects` with one of these "
            "reasons. Its column `detail` says more, and `level` whether the row is a page or a "
            "whole document. See [the table `rejects`](../data.md#tables).",
            "",
            "| reason | meaning |",
            "|---|---|",
            *rows,
            "",
        ]
    )
