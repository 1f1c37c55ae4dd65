"""How the end of `push` looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType

from pipelines.cli.show.printed import as_printed, facts_table

if TYPE_CHECKING:
    from pipelines.dataset.push import Pushed


def pushed(value: Pushed) -> RenderableType:
    """What a push did."""
    if value.is_new_commit:
        end = f"version {value.version} is the head"
    else:
        end = f"nothing to send: version {value.version} is there already"
    tag = "new" if value.is_new_tag else "was there"
    facts = {
        "repository": value.url,
        "commit": value.commit,
        "tag": f"{value.tag} ({tag})",
        "parts that it lacked": f"{value.sent_parts:,} ({value.sent_bytes / 1e6:,.1f} MB)",
        "parts that it had": f"{value.kept_parts:,}",
        "parts removed": f"{value.removed_parts:,}",
    }
    notes = [f"[yellow]•[/] {as_printed(value.note)}"] if value.note else []
    return Group(facts_table("push", facts), f"[green]{end}[/]", *notes)
