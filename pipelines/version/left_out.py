"""Which readable rows the policies of a recipe leave out, and what the rejects of these say."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.version.records import LEFT_OUT, RESERVED, Flags, Records
from pipelines.version.rows import Version
from workers.publishing.records import Level


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Rows that a policy leaves out, with one flag a record.

    `outcome` is that of records which the last version left out for the same reason.
    """

    stage: str
    reason: str
    outcome: int
    rows: Flags


def left_out(version: Version, level: Level, records: Records) -> list[LeftOut]:
    """What each policy leaves out of the pages, or of the documents, of a version."""
    rows = records.readable & (version.reserved & ~version.is_plain)[records.doc]
    policies = [LeftOut("rights", "reserved", RESERVED, rows)]
    if level == "page":
        policies.append(LeftOut("mix", "left_out", LEFT_OUT, version.selection.left_out))
    return policies
