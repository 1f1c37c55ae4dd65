"""Which rates a plan rests on: measured ones where they fit, else the yardstick, and it says so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from cluster.estimate import YARDSTICK, YARDSTICK_PAGES_PER_SECOND, PageCosts, Rates
from pipelines.state import Snapshot, load_snapshot
from schemas.errors import DatasetError
from schemas.recipe import Recipe, differences
from workers import store

FEW_PAGES = 1000


@dataclass(frozen=True, slots=True)
class Rated:
    """What a page costs; `origin` is `calibration` or `yardstick`, and `measured` the calibration
    that was found, used or not. `notes` says what was assumed, one line each."""

    costs: PageCosts
    origin: str
    measured: Rates | None
    notes: Sequence[str]


def choose_rates(
    recipe: Recipe,
    snapshot: Snapshot | None,
    rates_from: str | None = None,
    pages_per_second: float | None = None,
) -> Rated:
    """The rates of the dataset's last version, or of the dataset `rates_from`, where they were
    measured under the recipe's digest; else the yardstick. `pages_per_second`, what a replica reads
    of the pages that its engine gets, goes before either.

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
        costs, origin = YARDSTICK, "yardstick"
        if not recipe.needs_engine:
            costs = replace(costs, engine_share=0)
        if measured is not None:
            notes.append(
                f"rates measured on {measured.device} under other settings "
                f"({measured.recipe_digest}, not {recipe.digest()}) are not used"
            )
        notes.append(
            "nothing was measured under these settings: time to start and to publish are left out; "
            + _assumed(costs, recipe, pages_per_second)
        )
    if pages_per_second is not None:
        costs = replace(costs, read_s=1 / pages_per_second)
        notes.append(f"{pages_per_second:g} pages/s a replica were given")
    return Rated(costs, origin, measured, notes)


def _measured_notes(measured: Rates, recipe: Recipe) -> Iterator[str]:
    yield (
        f"rates were measured on {measured.device}, over {measured.pages:,} pages, of which the "
        f"engine read {measured.engine_pages:,}"
    )
    if measured.pages < FEW_PAGES:
        yield "these are few pages: what each process does once, such as loading, weighs on them"
    if measured.engine_pages == 0 and recipe.needs_engine:
        yield "so nothing is known of the engine's speed: pages that need it come on top"


def _assumed(costs: PageCosts, recipe: Recipe, pages_per_second: float | None) -> str:
    said = [
        f"{1 / costs.raster_s:g} pages/s drawn and {1 / costs.finish_s:g} finished by a core, "
        f"{costs.staged_bytes / 1000:g} kB a page"
    ]
    if recipe.needs_engine:
        said.append("every page read by the engine")
        if pages_per_second is None:
            said.append(
                f"{YARDSTICK_PAGES_PER_SECOND} pages/s a replica, which is DeepSeek-OCR's claim "
                "for one A100"
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
