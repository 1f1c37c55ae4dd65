"""Chooses the rates of a plan: those of a probe or an earlier run, else assumed ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from cluster.estimate import (
    CPU_SECONDS_OF_PAGE,
    YARDSTICK,
    YARDSTICK_PAGES_PER_SECOND,
    PageCosts,
    Rates,
)
from pipelines.dataset.state import Snapshot, load_snapshot
from pipelines.planning.probe import Probe
from schemas.errors import DatasetError
from schemas.recipe import Recipe, differences
from workers import store

FEW_PAGES = 1000


@dataclass(frozen=True, slots=True)
class Rated:
    """What a page costs, and where that comes from.

    Args:
        origin: `calibration` (measured by an earlier run), `probe`, `yardstick` or, for the default
            engine on CPUs, `assumption`.
        measured: the rates stored with the dataset, used or not.
        notes: what was assumed, one sentence each.
    """

    costs: PageCosts
    origin: str
    measured: Rates | None
    notes: Sequence[str]


def choose_rates(
    recipe: Recipe,
    snapshot: Snapshot | None,
    rates_from: str | None = None,
    pages_per_second: float | None = None,
    threads: int = 1,
) -> Rated:
    """The rates measured with these settings, else assumed ones.

    Args:
        snapshot: the dataset's last version, whose rates are used by default.
        rates_from: a dataset whose rates are used instead.
        pages_per_second: the rate of one replica; it replaces a measured or assumed one.
        threads: the threads of a replica without a GPU.

    Raises DatasetError if `rates_from` has no rates for this recipe.
    """
    if rates_from is not None:
        snapshot = _rated_snapshot(rates_from, recipe)
    stored = snapshot.metadata.get("rates") if snapshot else None
    measured = Rates.from_dict(stored) if stored else None
    notes: list[str] = []
    if measured is not None and measured.recipe_digest == recipe.digest():
        costs, origin = measured.costs(), "calibration"
        notes += _measured_notes(measured, recipe)
    else:
        costs, origin = _assumed_costs(recipe, threads)
        if measured is not None:
            notes.append(
                f"the rates measured on {measured.device} with other settings "
                f"({measured.recipe_digest}, not {recipe.digest()}) are not used"
            )
        notes.append(
            "nothing was measured with these settings, so the time to start and to publish is left "
            "out; " + _assumed(costs, recipe, pages_per_second, threads)
        )
    if pages_per_second is not None:
        costs = replace(costs, read_s=1 / pages_per_second)
        notes.append(f"the rate of a replica was given: {pages_per_second:g} pages/s")
    return Rated(costs, origin, measured, notes)


def with_probe(rated: Rated, probe: Probe, recipe: Recipe, is_given: bool) -> Rated:
    """The rates with those of a probe in place; what the probe did not measure stays as it was.

    `is_given`: the rate of a replica was given, and is not replaced.
    """
    costs = probe.costs
    notes = [
        f"of {probe.drawn:,} pages chosen by chance, {probe.settled:,} have a good text layer, "
        f"{probe.failed:,} cannot be read, {probe.wanting:,} need the engine"
    ]
    if is_given or not probe.read:
        costs = replace(costs, read_s=rated.costs.read_s)
    if probe.read:
        gpus = recipe.placement.gpus_per_replica
        where = f"on {probe.device}" + (
            ", without the GPUs of the placement" * (gpus > 0 and probe.device == "cpu")
        )
        notes.append(
            f"the engine read {probe.read:,} of these pages {where}; the time to publish is left "
            "out"
        )
    else:
        notes.append(
            "none of these pages needs the engine, so its speed is not known; the time to publish "
            "is left out"
        )
    return Rated(costs, "probe", rated.measured, notes)


def _reads_on_cpus(recipe: Recipe) -> bool:
    return recipe.needs_engine and recipe.placement.gpus_per_replica == 0


def _assumed_costs(recipe: Recipe, threads: int) -> tuple[PageCosts, str]:
    if not recipe.needs_engine:
        return replace(YARDSTICK, engine_share=0), "yardstick"
    if _reads_on_cpus(recipe) and recipe.engine.name == "rapidocr":
        return replace(YARDSTICK, read_s=CPU_SECONDS_OF_PAGE / threads), "assumption"
    return YARDSTICK, "yardstick"


def _measured_notes(measured: Rates, recipe: Recipe) -> Iterator[str]:
    yield (
        f"the rates were measured on {measured.device} over {measured.pages:,} pages, of which the "
        f"engine read {measured.engine_pages:,}"
    )
    if measured.pages < FEW_PAGES:
        yield "these are few pages, so that the time to load engines and libraries weighs on them"
    if measured.engine_pages == 0 and recipe.needs_engine:
        yield "the engine's speed is not known, so the time of pages that need it comes on top"


def _assumed(costs: PageCosts, recipe: Recipe, pages_per_second: float | None, threads: int) -> str:
    assumptions = [
        f"a core rasterises {1 / costs.raster_s:g} pages/s and finishes {1 / costs.finish_s:g}",
        f"a page takes {costs.staged_bytes / 1000:g} kB",
    ]
    if recipe.needs_engine:
        assumptions.append("the engine reads every page")
        if pages_per_second is None and costs.read_s != YARDSTICK.read_s:
            assumptions.append(
                f"a replica of {threads} threads reads {1 / costs.read_s:.2g} pages/s (rapidocr "
                f"took {CPU_SECONDS_OF_PAGE} core seconds for each of 30 real pages; --probe "
                "measures it)"
            )
        elif pages_per_second is None and recipe.engine.name == "endpoint":
            assumptions.append(
                f"the servers read {YARDSTICK_PAGES_PER_SECOND} pages/s for each replica that asks "
                "them, which is DeepSeek-OCR's claim for one A100 and says nothing of yours "
                "(--probe measures them)"
            )
        elif pages_per_second is None:
            assumptions.append(
                f"a replica reads {YARDSTICK_PAGES_PER_SECOND} pages/s, which is DeepSeek-OCR's "
                "claim for one A100"
                + (
                    ", although placement.gpus_per_replica is 0 and CPUs are far slower (--probe "
                    "measures them)"
                    if _reads_on_cpus(recipe)
                    else ""
                )
            )
    return "assumed: " + ", ".join(assumptions)


def _rated_snapshot(dataset: str, recipe: Recipe) -> Snapshot:
    snapshot = load_snapshot(store.absolute(dataset))
    if snapshot is None or not snapshot.metadata.get("rates"):
        raise DatasetError(f"{dataset} has no rates; `pagefoundry run` measures them")
    if snapshot.metadata["recipe_digest"] != recipe.digest():
        lines = differences(snapshot.metadata["reading_settings"], recipe.reading_settings())
        raise DatasetError(
            f"{dataset} was read with other settings ({'; '.join(lines)}), so its rates do not "
            "hold for this recipe; name a dataset with the same settings"
        )
    return snapshot
