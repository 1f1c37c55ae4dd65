"""How a plan looks in a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table

from cluster.estimate import Estimate
from pipelines.cli.show.results import as_printed, facts_table
from pipelines.planning.plan import Plan, WhatIf
from pipelines.planning.probe import Probe

_LIMITS = {
    "replicas": "replicas: more of them would be faster",
    "cores": "cores: more of them would be faster",
    "admission": "admission: two shards a replica do not hide drawing and finishing",
    "shards": "shards: fewer than replicas; a smaller placement.shard_pages would use more",
    "nothing": "nothing to read",
}


def plan(value: Plan) -> RenderableType:
    """What a run would do."""
    rest = value.to_read
    facts: dict[str, object] = {
        "dataset": value.dataset,
        "documents": value.documents,
        "documents that cannot be counted": value.uncountable,
        "pages": value.pages,
        "pages published": value.pages_published,
        "pages read, not published": value.pages_staged,
        "pages to read": rest.pages,
        "of these made from their text": value.pages_made,
        "of these by the text layer, or unreadable": _settled(value),
        "of these by the engine": rest.engine_pages,
        "samples of these": rest.samples,
        "shards": rest.shards,
        "replicas": rest.replicas,
        "pages/s": f"{rest.pages_per_second:,.2f}",
        "waits for": _LIMITS[rest.limit],
        "cores that keep the replicas reading": f"{rest.cores_needed:,.1f}",
        "wall time": f"{_span(value.hours * 3600)}: {_phases(value)}",
        "GPU-hours": _gpu_hours(rest),
    }
    if rest.cost is not None:
        facts["cost"] = f"{rest.cost:,.2f}"
    storage = value.storage
    facts["staging"] = f"{_size(storage.staging_now)} now, {_size(storage.staging_peak)} then"
    facts["published"] = f"{_size(storage.published_now)} now, {_size(storage.published_then)} then"
    facts["rates from"] = value.rates_from
    if value.probe is not None:
        facts |= _probed(value.probe)
    parts: list[RenderableType] = [facts_table("plan", facts)]
    parts += [f"[yellow]•[/] {as_printed(note)}" for note in value.notes]
    if value.what_if:
        parts.append(_what_if(value.what_if))
    return Group(*parts)


def _settled(value: Plan) -> str:
    if value.pages_settled is not None:
        return f"{value.pages_settled:,}"
    return "not known, counted as the engine's; --probe tells"


def _probed(found: Probe) -> dict[str, str]:
    """What a page takes by each way."""
    ways = {}
    if found.settled or found.failed:
        pages = found.settled + found.failed
        ways["a page of the text layer"] = f"{found.layer_page_s * 1000:,.0f} ms, over {pages}"
    if found.read:
        ways["a page of the engine"] = f"{found.engine_page_s:,.2f} s, over {found.read}"
    return ways


def _phases(value: Plan) -> str:
    rest = value.to_read
    tail = f" ({_span(rest.tail_s)} of it as shards are whole)" if rest.tail_s >= 1 else ""
    return (
        f"inventory {_span(value.inventory_s)}, start {_span(rest.ramp_s)}, "
        f"pass {_span(rest.pass_s)}{tail}, publish {_span(rest.publish_s)}"
    )


def _gpu_hours(rest: Estimate) -> str:
    return f"{rest.gpu_hours:,.2f}, {rest.busy_share:.0%} of the pass reading"


def _what_if(rows: list[WhatIf]) -> Table:
    table = Table("nodes", "replicas", "pages/s", "run", "GPU-hours", "cost", "reading", "cores",
                  "waits for", title="what if", title_justify="left", box=None)  # fmt: skip
    for row in rows:
        found = row.estimate
        table.add_row(
            str(row.nodes),
            f"{found.replicas:,}",
            f"{found.pages_per_second:,.1f}",
            _span(found.hours * 3600),
            f"{found.gpu_hours:,.2f}",
            "—" if found.cost is None else f"{found.cost:,.2f}",
            f"{found.busy_share:.0%}",
            f"{found.cores_needed:,.1f}",
            found.limit,
        )
    return table


def _span(seconds: float) -> str:
    """A time in the two units that tell it."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{int(seconds // 60)} min {int(seconds % 60)} s"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes / 60 / 24:,.1f} days"


def _size(size: float) -> str:
    for unit, scale in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if size >= scale:
            return f"{size / scale:,.1f} {unit}"
    return f"{size / 1e3:,.1f} kB"
