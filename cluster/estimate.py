"""Estimates a run: time, GPU-hours and bytes, from rates that earlier runs measured. Pure.

Each replica has two shards in flight: one is read while the other is rasterised or finished. So a
pass takes as long as the slowest of its replicas, its cores and its admission
(`tests/cluster/test_estimate.py` simulates a pass event by event and compares).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace

from schemas.timings import ShardTimes

YARDSTICK_PAGES_PER_SECOND = 2.39
"""33 million pages a day = 382 pages/s, over 20 nodes of 8 GPUs: DeepSeek-OCR's claim."""

CPU_SECONDS_OF_PAGE = 3.1
"""The time of `rapidocr` for a page on one core. 30 real pages at 1280 pixels on an EPYC 9004 had
32,900 columns of text a page, each 75 us to recognise, which was 80 % of the time:
32,900 x 75 us / 0.8."""


@dataclass(frozen=True, slots=True)
class PageCosts:
    """What a page costs on average.

    Args:
        raster_s: core seconds to rasterise a page.
        read_s: replica seconds to read a page, if the engine reads it.
        engine_share: the share of pages that the engine reads.
        finish_s: core seconds to score and stage a page.
        publish_s: seconds after the pass to deduplicate and publish a page.
        ramp_s: seconds until replicas are ready; the same for any number of pages.
        sample_share: the share of pages that become samples.
        staged_bytes: the bytes of a page in staging.
        published_bytes: the bytes of a page in all tables, sample or reject.
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
"""The costs if nothing was measured. The time to start and to publish is left out."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Measurements with one recipe digest on one kind of device, stored with a version.

    Times and `staged_bytes` are sums over `pages`, including those of earlier versions. `ramp_s`,
    `inventory_pages`, `samples` and `published_bytes` are of this version alone.
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
        """The rates of one run, which has shards; `times` is the sum over them."""
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
        """These rates and earlier ones added up, if recipe digest and device are the same.

        So a refresh of a few pages hardly changes what many pages have measured.
        """
        if earlier is None:
            return self
        if (earlier.recipe_digest, earlier.device) != (self.recipe_digest, self.device):
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
        """The costs of a page; `read_s` is 0 if the engine read no page."""
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

    def to_dict(self) -> dict[str, object]:
        """The fields as JSON values, for the commit."""
        return asdict(self)

    @staticmethod
    def from_dict(data: Mapping[str, object]) -> Rates:
        """The inverse of `to_dict`; fields that a later version has added are ignored."""
        known = {field.name: data[field.name] for field in fields(Rates)}
        return Rates(**known)  # type: ignore[arg-type]  # `to_dict` wrote the values


@dataclass(frozen=True, slots=True)
class Hardware:
    """What a pass runs on.

    Args:
        replicas: 0 if no page needs an engine.
        cores: the cores that rasterise and finish pages; None for as many as are needed.
        threads_per_replica: how many of these cores each replica without a GPU uses.
        calls_at_once: how many shards a replica reads side by side; one more is prepared.
    """

    replicas: int
    gpus_per_replica: float
    cores: float | None
    threads_per_replica: float = 0
    calls_at_once: int = 1

    @property
    def in_flight(self) -> int:
        """The most shards in flight."""
        return (self.calls_at_once + 1) * self.replicas


@dataclass(frozen=True, slots=True)
class Estimate:
    """What reading and publishing some pages takes.

    Args:
        limit: what limits the pass: `replicas`, `cores`, `admission` (the shards in flight
            are too few to hide rasterising and finishing), `shards` (there are fewer
            than replicas), or `nothing` if there is nothing to read.
        busy_share: the share of the pass in which replicas read.
        cores_needed: the cores that keep all replicas reading.
        tail_s: the part of `pass_s` in which replicas wait for their first shard, or for the last
            shards of others.
        hours: wall hours of ramp, pass and publish.
        gpu_hours: the GPUs of all replicas over ramp and pass, although idle ones may end sooner.
        cost: `gpu_hours` times their price; None without a price.
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
    replicas = min(hardware.replicas, shards)  # the others end: there is no shard for them
    used = replace(hardware, replicas=replicas)
    bounds = _bounds(pages, shard_pages, used, costs) if pages else {"nothing": 0.0}
    limit = max(bounds, key=bounds.__getitem__)
    pass_s = bounds[limit]
    if limit == "replicas" and replicas < hardware.replicas:
        limit = "shards"
    if pages and hardware.cores and replicas * hardware.threads_per_replica >= hardware.cores:
        limit = "cores"  # the replicas use all cores; more replicas would only share them
    core_s, page_s = costs.raster_s + costs.finish_s, costs.engine_share * costs.read_s
    reading_s = pages * page_s / replicas if replicas else 0.0
    cores_s = core_s + page_s * hardware.threads_per_replica
    drawing_s = pages * cores_s / hardware.cores if hardware.cores else 0.0
    chain_s = core_s + used.calls_at_once * page_s  # shards that are read side by side share
    in_flight_s = pages * chain_s / used.in_flight if replicas else 0.0
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
    """The time that each limit allows for the pass, by its name; the longest is the pass's time."""
    shards = -(-pages // shard_pages)
    shard = min(pages, shard_pages)
    raster_s, finish_s = shard * costs.raster_s, shard * costs.finish_s
    page_s = costs.engine_share * costs.read_s
    core_s = pages * (costs.raster_s + costs.finish_s)
    if hardware.replicas == 0:
        # Every step is a task of one core, so the last round may have few shards.
        cores = hardware.cores or shards
        return {"cores": max(core_s / cores, -(-shards // cores) * (raster_s + finish_s))}
    busiest = _busiest_pages(pages, shard_pages, hardware.replicas)
    longest = _busiest_pages(pages, shard_pages, hardware.in_flight)
    chain_s = costs.raster_s + hardware.calls_at_once * page_s + costs.finish_s
    bounds = {
        # The first shard is rasterised, the busiest replica reads, its last shard is finished.
        "replicas": raster_s + busiest * page_s + finish_s,
        "admission": longest * chain_s,
    }
    if hardware.cores is not None:
        # The last shard is read after the cores have rasterised everything; cores that read
        # cannot rasterise at the same time.
        reading_s = pages * page_s * hardware.threads_per_replica
        bounds["cores"] = max(
            core_s / hardware.cores + shard * page_s, (core_s + reading_s) / hardware.cores
        )
    return bounds


def _busiest_pages(pages: int, shard_pages: int, lanes: int) -> int:
    """The pages of the lane with the most, if shards of equal size are dealt out in rounds.

    The last shard may be short; that matters only if it is alone in the last round.
    """
    shards = -(-pages // shard_pages)
    whole = -(-shards // lanes) * shard_pages
    alone = shards % lanes == 1 or lanes == 1
    return whole - (shards * shard_pages - pages) if alone else min(pages, whole)
