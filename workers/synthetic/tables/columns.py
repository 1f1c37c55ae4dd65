"""The random columns of drawn tables: a column's name, and the texts of its cells."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import NamedTuple

from numpy.random import Generator

from workers.synthetic.sampling import happens, pick, shuffled, within
from workers.synthetic.tables import words
from workers.synthetic.tables.grid import Align


class Column(NamedTuple):
    """A column's name, the texts of its cells and of its total, and their alignment."""

    name: str
    texts: list[str]
    align: Align
    total: str = ""


def stub(rng: Generator, count: int) -> Column:
    """A first column: what the rows are about. Texts are distinct while there are words for it."""
    name, things = pick(rng, _STUBS)
    texts = shuffled(rng, things)
    if name == "Month":
        start = within(rng, (0, 11))
        texts = [things[(start + place) % 12] for place in range(count)]
    elif name == "Year":
        start = within(rng, (1950, 2024 - count))
        texts = [str(start + place) for place in range(count)]
    elif name == "Name":
        texts = [_person(rng) for _ in range(count)]
    elif name in ("Item no.", "Sample"):
        texts = _numbered(rng, count)
    while len(texts) < count:
        texts += [f"{text} {len(texts) // len(things) + 1}" for text in things]
    return Column(name, texts[:count], "left")


def column(rng: Generator, count: int) -> Column:
    """Any other column."""
    return pick(rng, _COLUMNS)(rng, count)


def _person(rng: Generator) -> str:
    first, last = pick(rng, words.FIRST_NAMES), pick(rng, words.LAST_NAMES)
    return pick(rng, (f"{first} {last}", f"{last}, {first}", f"{first[0]}. {last}"))


def _numbered(rng: Generator, count: int) -> list[str]:
    prefix = "".join(pick(rng, "ABCDEFGHKLMNPRSTX") for _ in range(within(rng, (1, 3))))
    start, digits = within(rng, (1, 900)), within(rng, (3, 5))
    return [f"{prefix}-{start + place:0{digits}d}" for place in range(count)]


def _quantities(rng: Generator, count: int) -> Column:
    name, low, high = pick(rng, _COUNTED)
    values = [within(rng, (low, high)) for _ in range(count)]
    form = pick(rng, ("{:,}", "{:,}", "{}"))
    texts = [form.format(value) for value in values]
    return Column(name, texts, "right", form.format(sum(values)))


def _measures(rng: Generator, count: int) -> Column:
    name, unit, low, high = pick(rng, _MEASURED)
    form = f"{{:.{within(rng, (0, 3))}f}}"
    texts = [form.format(rng.uniform(low, high)) for _ in range(count)]
    if happens(rng, 0.5):
        return Column(f"{name} ({unit})", texts, "right")
    return Column(name, [f"{text} {unit}" for text in texts], "right")


def _uncertain(rng: Generator, count: int) -> Column:
    name, unit, low, high = pick(rng, _MEASURED)
    texts = [
        f"{rng.uniform(low, high):.1f} ± {rng.uniform(0.005, 0.02) * high:.1f}"
        for _ in range(count)
    ]
    return Column(f"{name} ({unit})", texts, "center")


def _money(rng: Generator, count: int) -> Column:
    form = pick(rng, ("${:,.2f}", "€ {:,.2f}", "£{:,.0f}", "{:,.2f}", "{:,.0f} €"))
    most = 10 ** rng.uniform(1, 5)
    values = [round(rng.uniform(0.1, 1) * most, 2) for _ in range(count)]
    name = pick(rng, ("Price", "Cost", "Revenue", "Budget", "Net pay", "Balance", "Fee", "Value"))
    total = form.format(round(sum(values), 2)) if "2f" in form else ""
    return Column(name, [form.format(value) for value in values], "right", total)


def _shares(rng: Generator, count: int) -> Column:
    form = pick(rng, ("{:.1f}%", "{:.1f} %", "{:.0f}%", "{:.2f}"))
    name = pick(rng, ("Share", "Yield", "Accuracy", "Recall", "Humidity", "Occupancy", "Moisture"))
    return Column(name, [form.format(rng.uniform(1, 99)) for _ in range(count)], "right")


def _changes(rng: Generator, count: int) -> Column:
    form = pick(rng, ("{:+.1f}%", "{:+.2f}", "{:+.0f}"))
    values = [pick(rng, (-1, 1)) * rng.uniform(1, 30) for _ in range(count)]
    return Column(
        pick(rng, ("Change", "Difference", "Trend")), list(map(form.format, values)), "right"
    )


def _intervals(rng: Generator, count: int) -> Column:
    texts = []
    for _ in range(count):
        low = within(rng, (1, 80))
        texts.append(f"{low}–{low + within(rng, (2, 40))}")
    return Column(pick(rng, ("Range", "Ages", "Pages", "Interval")), texts, "center")


def _dates(rng: Generator, count: int) -> Column:
    form = pick(rng, ("{0:%Y-%m-%d}", "{0.day} {1} {0.year}", "{0:%d.%m.%Y}", "{0:%m/%d/%Y}"))
    first = datetime.date(within(rng, (1995, 2024)), within(rng, (1, 12)), 1)
    days = [first + datetime.timedelta(days=within(rng, (0, 700))) for _ in range(count)]
    if happens(rng, 0.5):
        days.sort()
    # Not %b: it follows the locale of the machine.
    texts = [form.format(day, words.MONTHS[day.month - 1][:3]) for day in days]
    return Column(pick(rng, ("Date", "Delivered", "Due", "Sampled on")), texts, "left")


def _times(rng: Generator, count: int) -> Column:
    texts = [f"{within(rng, (0, 23)):02d}:{within(rng, (0, 59)):02d}" for _ in range(count)]
    return Column(pick(rng, ("Start", "End", "Departure", "Arrival")), texts, "center")


def _codes(rng: Generator, count: int) -> Column:
    return Column(pick(rng, ("Code", "ID", "Ref.", "Lot")), _numbered(rng, count), "left")


def _people(rng: Generator, count: int) -> Column:
    name = pick(rng, ("Contact", "Owner", "Author", "Operator", "Lead"))
    return Column(name, [_person(rng) for _ in range(count)], "left")


def _places(rng: Generator, count: int) -> Column:
    name, things = pick(rng, (("City", words.PLACES), ("Country", words.COUNTRIES)))
    return Column(name, [pick(rng, things) for _ in range(count)], "left")


def _notes(rng: Generator, count: int) -> Column:
    name = pick(rng, ("Remarks", "Status", "Notes", "Comment"))
    return Column(name, [pick(rng, words.PHRASES) for _ in range(count)], "left")


def _flags(rng: Generator, count: int) -> Column:
    name = pick(rng, ("Active", "Certified", "Paid", "Tested", "Public"))
    yes_no = pick(rng, (("yes", "no"), ("Yes", "No"), ("Y", "N"), ("+", "-")))
    return Column(name, [pick(rng, yes_no) for _ in range(count)], "center")


_STUBS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("City", words.PLACES),
    ("Country", words.COUNTRIES),
    ("Product", words.PRODUCTS),
    ("Material", words.MATERIALS),
    ("Species", words.SPECIES),
    ("Course", words.SUBJECTS),
    ("Method", words.METHODS),
    ("Month", words.MONTHS),
    ("Year", ()),
    ("Name", ()),
    ("Item no.", ()),
    ("Sample", ()),
)
_COUNTED = (
    ("Units", 0, 5000), ("Visitors", 100, 90_000), ("Orders", 1, 900), ("Pages", 8, 1200),
    ("Staff", 1, 400), ("Population", 900, 4_000_000), ("Cases", 0, 300), ("Votes", 40, 60_000),
    ("Points", 0, 120), ("Sold", 0, 20_000), ("n", 3, 500), ("Rooms", 2, 300),
)  # fmt: skip
_MEASURED = (
    ("Mass", "kg", 0.1, 90), ("Length", "mm", 1, 400), ("Density", "g/cm³", 0.5, 20),
    ("Temperature", "°C", -15, 45), ("Pressure", "kPa", 80, 300), ("Speed", "m/s", 0.1, 60),
    ("Power", "kW", 0.2, 500), ("Voltage", "V", 1, 400), ("Area", "m²", 5, 900),
    ("Volume", "L", 0.1, 60), ("Time", "s", 0.01, 90), ("Energy", "kJ", 1, 4000),
    ("Depth", "m", 0.1, 80), ("Rainfall", "mm", 0, 200), ("Width", "cm", 1, 300),
)  # fmt: skip
_COLUMNS: tuple[Callable[[Generator, int], Column], ...] = (
    _quantities, _quantities, _measures, _measures, _uncertain, _money, _money, _shares, _changes,
    _intervals, _dates, _times, _codes, _people, _places, _notes, _flags,
)  # fmt: skip
