"""Stage the pages of a corpus as deep parsing does: text layers with links to crops.

The pass itself does everything except reading the crops, so a later run only has to publish.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

from PIL import Image
from rich.console import Console

from cluster.planner import cut_shards
from cluster.progress import meter
from cluster.session import IN_PROCESS, open_session
from pipelines.inventory import take_inventory
from pipelines.steps.places import staging_root
from pipelines.steps.shard import finish, make_job, raster, read_layers
from pipelines.steps.timed import Timed
from schemas.ids import crop_id, split_page_id
from schemas.pages import Box, Crop, PageError, PageImage, PageReading, RasteredPage, crop_link
from schemas.recipe import Recipe
from workers import store
from workers.shards import Staging

KINDS = (("figure", "PNG"), ("chart", "JPEG"), ("formula", "WEBP"))
FAILED = 1
"""The number of the crop that is not read on pages that have as many."""


def shown(page: RasteredPage, label: str) -> str:
    """What a crop says unless a test has it say something else."""
    return f"what the {label} shows"


def stage_deep(
    recipe: Recipe,
    names: Collection[str] = (),
    shard_pages: int = 4,
    says: Callable[[RasteredPage, str], str] = shown,
) -> int:
    """Stage all documents of the recipe, or those with given file names; return their page count.

    Page `i` of a document has `(i + 1) % 3` crops; a conversation has none. `says` gives the text
    of a page's crop by its label.
    """
    with (
        open_session(IN_PROCESS) as session,
        meter(Console(file=io.StringIO()), "inventory", "files") as progress,
    ):
        documents = take_inventory(recipe, [], None, session, progress).documents
    ranges = [
        document.pages
        for document in documents
        if document.page_count and (not names or Path(document.source_uri).name in names)
    ]
    staging = Staging(store.join(staging_root(recipe), recipe.digest()))
    for shard in cut_shards(ranges, shard_pages, recipe.digest()):
        job = make_job(recipe, shard, staging)
        pages = raster(job)
        readings = zip(pages.value, read_layers(job, pages).value, strict=True)
        deep = [reading and _deepen(page, reading, says) for page, reading in readings]
        finish(job, pages, Timed(deep))
    return sum(len(part) for part in ranges)


def _deepen(
    page: RasteredPage, reading: PageReading, says: Callable[[RasteredPage, str], str]
) -> PageReading:
    if page.image is None:
        return reading
    _, index = split_page_id(page.page_id)
    made = (cut(page.image, number) for number in range((index + 1) % 3))
    crops = tuple(
        crop if crop.error else replace(crop, text=says(page, crop.label)) for crop in made
    )
    text = "\n\n".join([reading.reading.text, *map(crop_link, crops)])
    return replace(reading, reading=replace(reading.reading, text=text), crops=crops)


def cut(page: PageImage, number: int) -> Crop:
    """Cut a strip of a page; the crop numbered `FAILED` is one that was not read."""
    label, kind = KINDS[number]
    box: Box = (0.0, number / 4, 0.5, (number + 1) / 4)
    with Image.open(io.BytesIO(page.data)) as picture:
        scaled = [int(place * picture.size[axis % 2]) for axis, place in enumerate(box)]
        region = picture.crop((scaled[0], scaled[1], scaled[2], scaled[3]))
    out = io.BytesIO()
    region.save(out, kind)
    name = crop_id(page.page_id, number)
    image = PageImage(name, out.getvalue(), region.width, region.height)
    crop = Crop(
        name, label, box, image, engine="fake", model="fake-1", model_revision="r1", mode="x"
    )
    if number == FAILED:
        return replace(crop, error=PageError("loop", "cut after 200 tokens"))
    return replace(crop, vision_tokens=64, output_tokens=7)
