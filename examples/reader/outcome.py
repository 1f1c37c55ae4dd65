"""What came of a training: its curve, and what the model reads on pages that it has not seen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rapidfuzz.distance import Levenshtein
from torch import Tensor


@dataclass(frozen=True)
class Point:
    """A point of the curve: mean losses in nats a character, and what was spent until then."""

    step: int
    cpu_s: float
    wall_s: float
    training: float
    held_out: float
    blank: float


@dataclass(frozen=True)
class Reading:
    """A held-out page, its text, and what the model read."""

    picture: Tensor
    text: str
    read: str

    @property
    def errors(self) -> int:
        """How many characters have to be added, taken away or changed."""
        return Levenshtein.distance(self.read, self.text)


def print_readings(readings: list[Reading], shown: int = 8) -> None:
    """Print some readings beside the texts, and the error rate of all."""
    for reading in readings[:shown]:
        print(f"{reading.text!r:32}  read as  {reading.read!r}")
    wrong = sum(reading.errors for reading in readings)
    characters = sum(len(reading.text) for reading in readings)
    print(f"{wrong} of {characters} characters wrong: error rate {wrong / characters:.4f}")


def draw(
    points: list[Point],
    mark: float,
    guessing: float | None,
    readings: list[Reading],
    path: Path,
) -> None:
    """The losses over the steps above some held-out pages, as an SVG or PNG picture."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    pages = [f"page {number}" for number in range(4)]
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplot_mosaic([["curve"] * len(pages), pages], height_ratios=[3, 1])
    steps = [point.step for point in points]
    curve = axes["curve"]
    curve.plot(steps, [point.blank for point in points], label="held out, blank pictures")
    if guessing:
        curve.axhline(guessing, color="grey", linestyle="--", label="guessing at its best")
    curve.plot(steps, [point.training for point in points], label="training", linewidth=1)
    curve.plot(steps, [point.held_out for point in points], label="held out")
    curve.axhline(mark, color="black", linestyle=":", label=f"mark: {mark:g}")
    curve.set(xlabel="steps", ylabel="nats a character", yscale="log")
    curve.yaxis.set_major_formatter("{x:g}")
    curve.legend(fontsize="small")
    for name, reading in zip(pages, readings, strict=False):
        axes[name].imshow(reading.picture.numpy(), cmap="gray_r")
        axes[name].set_title(reading.read, fontsize="small", family="monospace")
        axes[name].set(xticks=[], yticks=[])
    with mpl.rc_context({"svg.hashsalt": "curve"}):  # the same curve makes the same file
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
