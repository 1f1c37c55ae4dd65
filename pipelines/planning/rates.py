"""Which rates a plan rests on: a probe's or measured ones where they fit, else assumed ones, and it
says so."""

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
    """What a page costs; `origin` is `calibration`, `probe`, `yardstick` or, of the default engine
    on CPUs, `assumption`. `measured` is the calibration that was found, used or not. `notes` says
    what was assumed, one line each."""

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
    """The rates of the dataset's last version, or of the dataset `rates_from`, where they were
    measured under the recipe's digest; else assumed ones. `pages_per_second`, what a replica reads
    of the pages that its engine gets, goes before either. A replica without a GPU has `threads`.

    Raises DatasetError where `rates_from` has no rates for this recipe.
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
                f"rates measured on {measured.device} under other settings "
                f"({measured.recipe_digest}, not {recipe.digest()}) are not used"
            )
        notes.append(
            "nothing was measured under these settings: time to start and to publish are left out; "
            + _assumed(costs, recipe, pages_per_second, threads)
        )
    if pages_per_second is not None:
        costs = replace(costs, read_s=1 / pages_per_second)
        notes.append(f"{pages_per_second:g} pages/s a replica were given")
    return Rated(costs, origin, measured, notes)


def with_probe(rated: Rated, found: Probe, recipe: Recipe, is_given: bool) -> Rated:
    """The rates of a probe in place of those chosen; what it did not meet stays as it was.

    `is_given`: how much a replica reads a second was given, which goes before the probe.
    """
    costs = found.costs
    notes = [
        f"{found.drawn:,} pages were drawn here by chance: the text layer settles "
        f"{found.settled:,}, {found.failed:,} cannot be read, {found.wanting:,} need the engine"
    ]
    if is_given or not found.read:
        costs = replace(costs, read_s=rated.costs.read_s)
    if found.read:
        gpus = recipe.placement.gpus_per_replica
        where = f"on {found.device}" + (
            ", without the GPUs of the placement" * (gpus > 0 and found.device == "cpu")
        )
        notes.append(
            f"the engine read {found.read:,} of these {where}; the time to publish is left out"
        )
    else:
        notes.append(
            "none of these needs the engine, so nothing is known of its speed here; "
            "the time to publish is left out"
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
        f"rates were measured on {measured.device}, over {measured.pages:,} pages, of which the "
        f"engine read {measured.engine_pages:,}"
    )
    if measured.pages < FEW_PAGES:
        yield "these are few pages: what each process does once, such as loading, weighs on them"
    if measured.engine_pages == 0 and recipe.needs_engine:
        yield "so nothing is known of the engine's speed: pages that need it come on top"


def _assumed(costs: PageCosts, recipe: Recipe, pages_per_second: float | None, threads: int) -> str:
    said = [
        f"{1 / costs.raster_s:g} pages/s drawn and {1 / costs.finish_s:g} finished by a core, "
        f"{costs.staged_bytes / 1000:g} kB a page"
    ]
    if recipe.needs_engine:
        said.append("every page read by the engine")
        if pages_per_second is None and costs.read_s != YARDSTICK.read_s:
            said.append(
                f"{1 / costs.read_s:.2g} pages/s a replica of {threads} threads: rapidocr took "
                f"{CPU_SECONDS_OF_PAGE} s of a core for each of 30 real pages; --probe measures it"
            )
        elif pages_per_second is None:
            said.append(
                f"{YARDSTICK_PAGES_PER_SECOND} pages/s a replica, which is DeepSeek-OCR's claim "
                "for one A100"
                + (
                    ", while placement.gpus_per_replica is 0 and CPUs are far slower; --probe "
                    "measures them"
                    if _reads_on_cpus(recipe)
                    else ""
                )
            )
    return "assumed are " + ", ".join(said)


def _rated_snapshot(dataset: str, recipe: Recipe) -> Snapshot:
    snapshot = load_snapshot(store.absolute(dataset))
    if snapshot is None or not snapshot.metadata.get("rates"):
        raise DatasetError(f"{dataset} holds no rates; `pagefoundry run` measures them")
    if snapshot.metadata["recipe_digest"] != recipe.digest():
        lines = differences(snapshot.metadata["reading_settings"], recipe.reading_settings())
        raise DatasetError(
            f"{dataset} was read under other settings ({'; '.join(lines)}), so its rates say "
            "nothing of this recipe; name one that was read under the same"
        )
    return snapshot
