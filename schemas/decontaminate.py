"""The section `decontaminate` of a recipe: benchmarks that a training set must not contain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, TypedDict

from pydantic import Field, model_validator

from schemas.part import ONE_OR_MORE, Location, Locations, Part, Share

ContaminationAction = Literal["reject", "cut", "tag"]


class ItemCounts(TypedDict):
    """How many items with text a benchmark has, and how many are too short to be looked for."""

    items: int
    too_short: int


class Benchmark(Part):
    """A benchmark, and what happens to pages that contain one of its items.

    Lengths are in letters: letters and digits, without spaces and punctuation. An English word has
    about five. A Han or kana character counts as two.
    """

    name: Location = Field(
        description="What the benchmark is called in rejects, tags and the funnel."
    )
    file: Locations = Field(
        description="Its files, as folders, files or globs, also on `s3://` or `hf://datasets/…`. "
        "JSON lines and Parquet have an item a row; a text has an item a paragraph, or an item a "
        "line where it has no blank line; a PDF has an item a page, with its picture; an image is "
        "an item without text."
    )
    columns: Annotated[tuple[Location, ...], *ONE_OR_MORE] = Field(
        default=("text",),
        description="The columns of JSON lines and Parquet that are looked for, such as "
        "`[question, answer]`. Leave out passages that come from public texts: they would be found "
        "in these texts.",
    )
    id_column: Location | None = Field(
        default=None,
        description="The column that names an item. By default items are named by file and row.",
    )
    action: ContaminationAction = Field(
        default="reject",
        description="`reject` makes the page a reject `contaminated`, `cut` takes the found words "
        "out of its text, and `tag` only names the item in the row.",
    )
    min_overlap: Annotated[Share, Field(gt=0)] = Field(
        default=0.8,
        description="The share of an item's letters, weighted by the rarity of their words, that "
        "a text must contain.",
    )
    passage_letters: Annotated[int, Field(ge=32)] | None = Field(
        default=48,  # with the common words, about 12 English words, as of datatrove's n-grams
        description="As many letters of an item in a row are enough, too, whatever their share of "
        "it. A letter of a word that many items have counts in part, and each wrong letter between "
        "takes one away. `null` asks for `min_overlap` alone.",
    )
    short_letters: Annotated[int, Field(ge=24)] = Field(
        default=40,
        description="A question or answer of fewer letters must be there exactly, and beside "
        "another column of its item where it has any. Up to two and a half times as many letters, "
        "more than `min_overlap` is asked for.",
    )
    min_letters: Annotated[int, Field(ge=24)] = Field(
        default=24,
        description="A column with fewer letters is not looked for by itself; it only bears out "
        "another one.",
    )
    max_picture_bits: Annotated[int, Field(ge=0, le=64)] | None = Field(
        default=40,
        description="The most bits, of 256, in which the perceptual hashes of a page and of a "
        "benchmark's page differ; pages that differ less are compared by their pictures, too. "
        "`null` compares no pictures.",
    )

    @model_validator(mode="after")
    def _short_is_longer(self) -> Benchmark:
        if self.short_letters < self.min_letters:
            raise ValueError(
                f"`short_letters: {self.short_letters}` is below `min_letters: {self.min_letters}`;"
                " give at least as many"
            )
        return self

    def needed_overlap(self, letters: int) -> float:
        """The overlap that a text of as many letters needs: 1 for short ones, else `min_overlap`.

        >>> Benchmark(name="a", file=("b",)).needed_overlap(70)
        0.9
        """
        start, end = self.short_letters, 2.5 * self.short_letters
        share = min(max((letters - start) / (end - start), 0.0), 1.0)
        return 1.0 - share * (1.0 - self.min_overlap)


def check_benchmarks(benchmarks: Sequence[Benchmark], place: str = "") -> None:
    """Raises ValueError where two benchmarks have one name; `place` is where the section stands."""
    names = [benchmark.name for benchmark in benchmarks]
    for number, name in enumerate(names):
        if names.index(name) < number:
            raise ValueError(
                f"{place}decontaminate.{number}: {name!r} is named twice; "
                "give all its files to one entry"
            )
