"""What a run costs: rates measured in earlier ones, and an estimate of time, GPUs and bytes. Pure.

A pass is a closed line: of each replica's two shards in flight one is read while the other is
drawn or finished. So it takes the longest of what its replicas, its cores and its admission take
(`tests/cluster/test_estimate.py` plays it event by event and compares).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from cluster.pool import IN_FLIGHT_PER_LANE
from schemas.timings import ShardTimes

YARDSTICK_PAGES_PER_SECOND = 2.39
"""33 million pages a day = 382 pages/s, over 20 nodes of 8 GPUs: DeepSeek-OCR's claim."""

CPU_SECONDS_OF_PAGE = 3.1
"""Of `rapidocr`, on one core. 30 real pages at 1280 pixels on an EPYC 9004 had 32,900 columns of
text a page, each 75 us to recognise, which was 80 % of the time: 32,900 x 75 us / 0.8."""


@dataclass(frozen=True, slots=True)
class PageCosts:
    """What a page costs on average.

    Args:
        raster_s: core seconds to draw it.
        read_s: replica seconds to read it, if the engine does.
        engine_share: share of the pages that the engine reads.
        finish_s: core seconds to score and stage it.
        publish_s: seconds of the run, after the pass, to deduplicate and publish it.
        ramp_s: seconds until replicas are ready, whatever the pages.
        sample_share: share of the pages that are samples in the end.
        staged_bytes: what it takes in staging.
        published_bytes: what it takes in all tables, whether it is a sample or not.
    """

    raster_s: float
    read_s: float
    engine_share: float
    finish_s: float
    publish_s: float
    ramp_s: float
    sample_share: float
    staged_bytes: float
    published_bytes: float


YARDSTICK = PageCosts(
    raster_s=1 / 25,  # 25 pages/s a core, opening, encoding and hashing included
    read_s=1 / YARDSTICK_PAGES_PER_SECOND,
    engine_share=1,
    finish_s=1 / 100,  # 2 ms of a core for 120 words, five times that for a full page
    publish_s=0,
    ramp_s=0,
    sample_share=1,
    staged_bytes=150_000,  # a JPEG of 1280 pixels
    published_bytes=150_000,
)
"""Where nothing was measured. Time to start and to publish are left out."""


@dataclass(frozen=True, slots=True)
class Rates:
    """What was measured under one recipe digest on one kind of device, stored with a version.

    Times and `staged_bytes` are sums over `pages`, those of earlier versions included; `ramp_s`,
    `inventory_pages`, `samples` and `published_bytes` are of the version that they are stored with.
    """

    recipe_digest: str
    device: str
    pages: int
    engine_pages: int
    raster_s: float
    read_s: float
    finish_s: float
    publish_s: float
    staged_bytes: int
    ramp_s: float
    inventory_pages: int
    samples: int
    published_bytes: int

    @staticmethod
    def measured(
        times: ShardTimes,
        *,
        recipe_digest: str,
        device: str,
        publish_s: float,
        staged_bytes: int,
        ramp_s: float,
        inventory_pages: int,
        samples: int,
        published_bytes: int,
    ) -> Rates:
        """Rates of one run: `times` added up over its shards, of which there is one at least."""
        assert times.pages > 0
        return Rates(
            recipe_digest=recipe_digest,
            device=device,
            pages=times.pages,
            engine_pages=times.engine_pages,
            raster_s=times.raster_s,
            read_s=times.read_s,
            finish_s=times.finish_s,
            publish_s=publish_s,
            staged_bytes=staged_bytes,
            ramp_s=ramp_s,
            inventory_pages=inventory_pages,
            samples=samples,
            published_bytes=published_bytes,
        )

    def joined(self, earlier: Rates | None) -> Rates:
        """With what was measured before under the same digest on the same device, so that a
        refresh of a few pages does not overturn what many pages said."""
        alike = earlier is not None and (earlier.recipe_digest, earlier.device) == (
            self.recipe_digest,
            self.device,
        )
        if earlier is None or not alike:
            return self
        return replace(
            self,
            pages=self.pages + earlier.pages,
            engine_pages=self.engine_pages + earlier.engine_pages,
            raster_s=self.raster_s + earlier.raster_s,
            read_s=self.read_s + earlier.read_s,
            finish_s=self.finish_s + earlier.finish_s,
            publish_s=self.publish_s + earlier.publish_s,
            staged_bytes=self.staged_bytes + earlier.staged_bytes,
        )

    def costs(self) -> PageCosts:
        """Per page. Where the engine read none, a page of the engine costs nothing."""
        return PageCosts(
            raster_s=self.raster_s / self.pages,
            read_s=self.read_s / self.engine_pages if self.engine_pages else 0,
            engine_share=self.engine_pages / self.pages,
            finish_s=self.finish_s / self.pages,
            publish_s=self.publish_s / self.pages,
            ramp_s=self.ramp_s,
            sample_share=self.samples / max(1, self.inventory_pages),
            staged_bytes=self.staged_bytes / self.pages,
            published_bytes=self.published_bytes / max(1, self.inventory_pages),
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, for the commit."""
        return asdict(self)

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> Rates:
        """The inverse of `to_dict`; fields that a later version added are left out."""
        return Rates(**{field.name: data[field.name] for field in fields(Rates)})


@dataclass(frozen=True, slots=True)
class Hardware:
    """What a pass runs on. No `replicas` where only text layers are read; `cores` are those for
    drawing and finishing pages, None for as many as it takes. Replicas without a GPU read on these
    cores, too, each on `threads_per_replica` of them."""

    replicas: int
    gpus_per_replica: float
    cores: float | None
    threads_per_replica: float = 0


@dataclass(frozen=True, slots=True)
class Estimate:
    """What reading some pages and publishing them takes.

    `hours` are wall hours of the ramp, the pass and the publish; `gpu_hours` count every replica's
    GPUs over ramp and pass, though idle ones may end sooner at the tail. `limit` says what the
    pass waits for: `replicas`, `cores`, `admission` (two shards a replica in flight are too few to
    hide drawing and finishing), `shards` (fewer than replicas), or `nothing` to read. `tail_s` of
    `pass_s` go because shards are whole: replicas wait for their first, and some for the last of
    others. `cores_needed` keep the replicas reading.
    """

    pages: int
    engine_pages: int
    samples: int
    shards: int
    replicas: int
    limit: str
    pages_per_second: float
    busy_share: float
    cores_needed: float
    ramp_s: float
    pass_s: float
    tail_s: float
    publish_s: float
    hours: float
    gpu_hours: float
    cost: float | None
    staged_bytes: int
    published_bytes: int


def estimate_run(
    pages: int,
    shard_pages: int,
    hardware: Hardware,
    costs: PageCosts,
    price_per_gpu_hour: float | None = None,
) -> Estimate:
    """Estimate a run that reads `pages` in shards of `shard_pages`."""
    shards = -(-pages // shard_pages)
    replicas = min(hardware.replicas, shards)  # the others end as soon as no shard is left for them
    used = replace(hardware, replicas=replicas)
    bounds = _bounds(pages, shard_pages, used, costs) if pages else {"nothing": 0.0}
    limit = max(bounds, key=bounds.__getitem__)
    pass_s = bounds[limit]
    if limit == "replicas" and replicas < hardware.replicas:
        limit = "shards"
    if pages and hardware.cores and replicas * hardware.threads_per_replica >= hardware.cores:
        limit = "cores"  # the replicas have them all, and more of them would share them
    core_s, page_s = costs.raster_s + costs.finish_s, costs.engine_share * costs.read_s
    reading_s = pages * page_s / replicas if replicas else 0.0
    cores_s = core_s + page_s * hardware.threads_per_replica
    drawing_s = pages * cores_s / hardware.cores if hardware.cores else 0.0
    in_flight_s = pages * (core_s + page_s) / (IN_FLIGHT_PER_LANE * replicas) if replicas else 0.0
    ramp_s = costs.ramp_s if replicas else 0.0
    gpu_hours = (ramp_s + pass_s) / 3600 * replicas * hardware.gpus_per_replica
    return Estimate(
        pages=pages,
        engine_pages=round(pages * costs.engine_share),
        samples=round(pages * costs.sample_share),
        shards=shards,
        replicas=replicas,
        limit=limit,
        pages_per_second=pages / pass_s if pass_s else 0.0,
        busy_share=reading_s / pass_s if pass_s else 0.0,
        cores_needed=replicas * cores_s / page_s if page_s else 0.0,
        ramp_s=ramp_s,
        pass_s=pass_s,
        tail_s=pass_s - max(reading_s, drawing_s, in_flight_s),
        publish_s=pages * costs.publish_s,
        hours=(ramp_s + pass_s + pages * costs.publish_s) / 3600,
        gpu_hours=gpu_hours,
        cost=None if price_per_gpu_hour is None else gpu_hours * price_per_gpu_hour,
        staged_bytes=round(pages * costs.staged_bytes),
        published_bytes=round(pages * costs.published_bytes),
    )


def _bounds(pages: int, shard_pages: int, hardware: Hardware, costs: PageCosts) -> dict[str, float]:
    """How long each of what the pass shares takes: its time is the longest."""
    shards = -(-pages // shard_pages)
    shard = min(pages, shard_pages)
    raster_s, finish_s = shard * costs.raster_s, shard * costs.finish_s
    page_s = costs.engine_share * costs.read_s
    core_s = pages * (costs.raster_s + costs.finish_s)
    if hardware.replicas == 0:
        # Every step is a task of one core, so the last round may be of few shards.
        cores = hardware.cores or shards
        return {"cores": max(core_s / cores, -(-shards // cores) * (raster_s + finish_s))}
    busiest = _busiest_pages(pages, shard_pages, hardware.replicas)
    longest = _busiest_pages(pages, shard_pages, IN_FLIGHT_PER_LANE * hardware.replicas)
    bounds = {
        # The first shard is drawn, the busiest replica reads, and its last shard is finished.
        "replicas": raster_s + busiest * page_s + finish_s,
        "admission": longest * (costs.raster_s + page_s + costs.finish_s),
    }
    if hardware.cores is not None:
        # What is drawn last is read after all cores have drawn; what the cores read they do not
        # draw meanwhile.
        reading_s = pages * page_s * hardware.threads_per_replica
        bounds["cores"] = max(
            core_s / hardware.cores + shard * page_s, (core_s + reading_s) / hardware.cores
        )
    return bounds


def _busiest_pages(pages: int, shard_pages: int, lanes: int) -> int:
    """Pages of the lane with the most, where shards of equal pages go round.

    The last shard may be short; that counts only where it is alone in the last round.
    """
    shards = -(-pages // shard_pages)
    whole = -(-shards // lanes) * shard_pages
    alone = shards % lanes == 1 or lanes == 1
    return whole - (shards * shard_pages - pages) if alone else min(pages, whole)
