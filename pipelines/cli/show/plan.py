"""How a plan looks in a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table

from cluster.estimate import Estimate
from pipelines.cli.show.policies import found_tables
from pipelines.cli.show.printed import (
    as_printed,
    common_folder,
    facts_table,
    with_names,
    without_folder,
)
from pipelines.planning.foresight import Foresight
from pipelines.planning.plan import Plan, WhatIf
from pipelines.planning.probe import Probe

_LIMITS = {
    "replicas": "replicas: more would make it faster",
    "cores": "cores: more would make it faster",
    "admission": "admission: two shards a replica are too few to keep the replicas reading",
    "shards": "shards: fewer than replicas; lower placement.shard_pages to use more replicas",
    "nothing": "nothing to read",
}


def plan(value: Plan) -> RenderableType:
    """What a run would do, take and cost."""
    to_read = value.to_read
    facts: dict[str, object] = {
        "dataset": value.dataset,
        "documents": value.documents,
        "documents that cannot be counted": value.uncountable,
        "pages": value.pages,
        "pages published": value.pages_published,
        "pages read but not published": value.pages_staged,
        "pages to read": to_read.pages,
        "  made from their text": value.pages_made,
        "  with a text layer, or unreadable": _settled(value),
        "  read by the engine": to_read.engine_pages,
        "samples to come": to_read.samples,
        "shards": to_read.shards,
        "replicas": to_read.replicas,
        "pages/s": f"{to_read.pages_per_second:,.2f}",
        "limited by": _LIMITS[to_read.limit],
        "cores that keep all replicas busy": f"{to_read.cores_needed:,.1f}",
        "wall time": f"{_span(value.hours * 3600)}: {_phases(value)}",
        "GPU-hours": _gpu_hours(to_read),
    }
    if to_read.cost is not None:
        facts["cost"] = f"{to_read.cost:,.2f}"
    storage = value.storage
    facts["staging"] = (
        f"{_size(storage.staging_now)} now, {_size(storage.staging_peak)} after the run"
    )
    facts["published"] = (
        f"{_size(storage.published_now)} now, {_size(storage.published_then)} after the run"
    )
    facts["rates from"] = value.rates_from
    if value.probe is not None:
        facts |= _probed(value.probe)
    parts: list[RenderableType] = [facts_table("plan", facts)]
    parts += [f"[yellow]•[/] {as_printed(note)}" for note in value.notes]
    if value.what_if:
        parts.append(_what_if(value.what_if))
    if value.policies is not None:
        parts += _policies(value.policies)
    return Group(*parts)


def _policies(value: Foresight) -> list[RenderableType]:
    """What other policies would make of the newest version, with examples of what they find."""
    facts = {
        "judged": _rows((value.pages, value.documents)),
        "would leave": f"{_rows(value.leaving)}, {value.tokens_leaving:,} tokens of pages",
        "would change": _rows(value.changing),
        "would come back": _rows(value.returning),
    }
    kinds = Table("policy", "kind", "action", "pages", "documents", title="findings",
                  title_justify="left", box=None)  # fmt: skip
    for kind in value.kinds:
        counts = f"{kind.pages:,}", f"{kind.documents:,}"
        kinds.add_row(kind.policy, as_printed(kind.kind), kind.action, *counts)
    examples = Table("finding", "where", "words", title="examples", title_justify="left", box=None)
    folder = common_folder(value.names.values())
    for one in value.examples:
        before, words, after = (
            as_printed(" ".join(text.split(" ")).replace("\n", " "))
            for text in (one.before, one.words, one.after)
        )
        shown = f"{before}[reverse]{words or '·'}[/]{after}"
        where = without_folder(with_names(one.row_id, value.names), folder)
        examples.add_row(as_printed(f"{one.kind}: {one.action}"), as_printed(where), shown)
    parts: list[RenderableType] = [facts_table("other policies", facts)]
    parts += [f"[yellow]•[/] {as_printed(note)}" for note in value.notes]
    parts += found_tables(value.benchmarks, ())
    return [*parts, kinds, examples] if value.kinds else parts


def _rows(counts: tuple[int, int]) -> str:
    return f"{counts[0]:,} pages, {counts[1]:,} documents"


def _settled(value: Plan) -> str:
    if value.pages_settled is not None:
        return f"{value.pages_settled:,}"
    return "unknown, so counted as read by the engine; --probe measures it"


def _probed(probe: Probe) -> dict[str, str]:
    """The time of a page with a text layer, and of one that the engine reads."""
    times = {}
    if probe.settled or probe.failed:
        pages = probe.settled + probe.failed
        times["a page with a text layer"] = f"{probe.layer_page_s * 1000:,.0f} ms, over {pages}"
    if probe.read:
        times["a page read by the engine"] = f"{probe.engine_page_s:,.2f} s, over {probe.read}"
    return times


def _phases(value: Plan) -> str:
    to_read = value.to_read
    tail = f" ({_span(to_read.tail_s)} waiting for the last shards)" if to_read.tail_s >= 1 else ""
    return (
        f"inventory {_span(value.inventory_s)}, start {_span(to_read.ramp_s)}, "
        f"pass {_span(to_read.pass_s)}{tail}, publish {_span(to_read.publish_s)}"
    )


def _gpu_hours(to_read: Estimate) -> str:
    return f"{to_read.gpu_hours:,.2f}, {to_read.busy_share:.0%} of the pass spent reading"


def _what_if(rows: list[WhatIf]) -> Table:
    table = Table("nodes", "replicas", "pages/s", "run", "GPU-hours", "cost", "reading", "cores",
                  "limited by", title="what if", title_justify="left", box=None)  # fmt: skip
    for row in rows:
        estimate = row.estimate
        table.add_row(
            str(row.nodes),
            f"{estimate.replicas:,}",
            f"{estimate.pages_per_second:,.1f}",
            _span(estimate.hours * 3600),
            f"{estimate.gpu_hours:,.2f}",
            "—" if estimate.cost is None else f"{estimate.cost:,.2f}",
            f"{estimate.busy_share:.0%}",
            f"{estimate.cores_needed:,.1f}",
            estimate.limit,
        )
    return table


def _span(seconds: float) -> str:
    """A time in its two largest units."""
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
