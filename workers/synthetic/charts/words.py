"""Words for charts: what is measured, in which units and ranges, and along which categories.

The names are real or ordinary; the numbers that charts show for them are random.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measure:
    """Something counted or measured: its name, its unit (empty for plain counts), and the
    range in which the largest value of a chart lies, printed with `decimals`.

    `dimensions` are keys of `DIMENSIONS`, by which it may be broken down.
    """

    name: str
    unit: str
    least: float
    most: float
    decimals: int
    dimensions: tuple[str, ...]

    @property
    def label(self) -> str:
        """The label of its axis, such as `Revenue (million USD)`."""
        return f"{self.name} ({self.unit})" if self.unit else self.name


@dataclass(frozen=True, slots=True)
class Dimension:
    """A way to break a measure down: its name, and the names of its categories."""

    name: str
    items: tuple[str, ...]


def _items(text: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in text.split("|"))


DIMENSIONS: dict[str, Dimension] = {
    "country": Dimension(
        "Country",
        _items(
            "Argentina|Australia|Austria|Belgium|Brazil|Canada|Chile|China|Colombia|Czechia|"
            "Denmark|Egypt|Estonia|Ethiopia|Finland|France|Germany|Ghana|Greece|Hungary|India|"
            "Indonesia|Ireland|Israel|Italy|Japan|Kenya|Latvia|Malaysia|Mexico|Morocco|"
            "Netherlands|New Zealand|Nigeria|Norway|Pakistan|Peru|Philippines|Poland|Portugal|"
            "Romania|Saudi Arabia|Singapore|South Africa|South Korea|Spain|Sweden|Switzerland|"
            "Thailand|Tunisia|Turkey|Ukraine|United Kingdom|United States|Uruguay|Vietnam"
        ),
    ),
    "region": Dimension(
        "Region",
        _items(
            "North America|Latin America|Western Europe|Eastern Europe|Middle East|"
            "Sub-Saharan Africa|South Asia|East Asia|Southeast Asia|Oceania|Central Asia"
        ),
    ),
    "city": Dimension(
        "City",
        _items(
            "Amsterdam|Athens|Bangkok|Barcelona|Berlin|Bogotá|Boston|Cairo|Chicago|Dublin|Geneva|"
            "Hamburg|Helsinki|Istanbul|Jakarta|Kyoto|Lagos|Lima|Lisbon|London|Lyon|Madrid|"
            "Melbourne|Milan|Montréal|Mumbai|Munich|Nairobi|New York|Osaka|Oslo|Paris|Porto|"
            "Prague|Rome|São Paulo|Seattle|Seoul|Shanghai|Sydney|Toronto|Vienna|Warsaw|Zürich"
        ),
    ),
    "product": Dimension(
        "Product",
        _items(
            "Laptops|Tablets|Smartphones|Headphones|Monitors|Printers|Cameras|Routers|Keyboards|"
            "Smart watches|Game consoles|Projectors|Storage drives|Speakers"
        ),
    ),
    "department": Dimension(
        "Department",
        _items(
            "Sales|Marketing|Finance|Research|Logistics|Legal|Support|Human Resources|Production|"
            "Purchasing|IT Services|Quality Control"
        ),
    ),
    "energy": Dimension(
        "Source",
        _items("Coal|Natural gas|Oil|Nuclear|Hydro|Onshore wind|Offshore wind|Solar|Biomass"),
    ),
    "crop": Dimension(
        "Crop",
        _items(
            "Wheat|Maize|Rice|Barley|Soybeans|Potatoes|Sugar beet|Rapeseed|Oats|Rye|Sorghum|Cotton"
        ),
    ),
    "age": Dimension("Age group", _items("0–14|15–24|25–34|35–44|45–54|55–64|65–74|75+")),
    "transport": Dimension(
        "Mode", _items("Car|Bus|Tram|Metro|Train|Bicycle|On foot|Ferry|Motorcycle")
    ),
    "field": Dimension(
        "Field of study",
        _items(
            "Physics|Biology|Chemistry|Mathematics|Computer science|Law|Medicine|Economics|"
            "History|Psychology|Civil engineering|Architecture|Philosophy|Linguistics"
        ),
    ),
    "sector": Dimension(
        "Sector",
        _items(
            "Agriculture|Mining|Manufacturing|Construction|Retail trade|Transport|Hospitality|"
            "Information|Finance|Real estate|Education|Health care|Public services"
        ),
    ),
    "material": Dimension(
        "Material",
        _items(
            "Steel|Aluminium|Copper|Titanium|Glass|Concrete|Oak|Nylon|Polyethylene|Carbon fibre"
        ),
    ),
    "species": Dimension(
        "Species",
        _items(
            "Oak|Beech|Spruce|Scots pine|Silver birch|Maple|Ash|Larch|Alder|Rowan|Wild cherry|Lime"
        ),
    ),
    "sample": Dimension(
        "Sample", _items("Control|Sample A|Sample B|Sample C|Sample D|Sample E|Sample F|Sample G")
    ),
    "method": Dimension(
        "Method",
        _items("Baseline|Linear|Random forest|Gradient boosting|SVM|k-NN|Naive Bayes|Ensemble"),
    ),
    "plan": Dimension("Plan", _items("Free|Basic|Standard|Plus|Premium|Business|Enterprise")),
    "channel": Dimension(
        "Channel", _items("Search|E-mail|Social media|Direct|Referral|Display ads|Video|Print")
    ),
    "weekday": Dimension("Day", _items("Mon|Tue|Wed|Thu|Fri|Sat|Sun")),
    "month": Dimension("Month", _items("Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec")),
    "hour": Dimension("Hour", _items("06:00|08:00|10:00|12:00|14:00|16:00|18:00|20:00|22:00")),
    "quarter": Dimension("Quarter", ()),  # made by the sampler, as `year` is
    "year": Dimension("Year", ()),
}
"""The categories of each dimension. The sampler makes those of `quarter` and `year`, and keeps the
order of those in `ORDERED`."""

TIMES = ("year", "quarter", "month", "weekday", "hour")
ORDERED = (*TIMES, "age", "plan")

PLACES = ("country", "region", "city")
_TRADE = ("product", "region", "country", "quarter", "year", "month", "channel")
_YEARS = ("country", "region", "year")

MEASURES: tuple[Measure, ...] = (
    Measure("Revenue", "million USD", 40, 2000, 0, _TRADE),
    Measure("Net sales", "million EUR", 5, 90, 1, _TRADE),
    Measure("Operating profit", "million EUR", 5, 90, 1, (*_TRADE, "department")),
    Measure("Units sold", "thousands", 8, 900, 0, _TRADE),
    Measure("Orders", "", 60, 9000, 0, (*_TRADE, "weekday", "hour")),
    Measure("Market share", "%", 20, 70, 1, ("product", "country", "year", "quarter")),
    Measure("Website visits", "thousands", 20, 800, 0, ("channel", "month", "weekday", "country")),
    Measure("Conversion rate", "%", 2, 15, 1, ("channel", "plan", "month", "country")),
    Measure("Subscribers", "thousands", 10, 950, 0, ("plan", "country", "year", "quarter")),
    Measure("Marketing budget", "thousand USD", 50, 900, 0, ("channel", "product", "year")),
    Measure("Employees", "", 30, 4000, 0, ("department", "city", "year", "sector")),
    Measure("Average salary", "thousand EUR", 30, 120, 0, ("department", "sector", "country")),
    Measure("Working days lost", "", 40, 600, 0, ("department", "sector", "year", "month")),
    Measure("Population", "million", 20, 400, 1, ("country", "region", "year")),
    Measure("Life expectancy", "years", 60, 86, 1, _YEARS),
    Measure("Median age", "years", 22, 48, 1, _YEARS),
    Measure("Birth rate", "per 1,000", 12, 40, 1, _YEARS),
    Measure("Unemployment rate", "%", 5, 25, 1, (*_YEARS, "age", "quarter", "city")),
    Measure("Inflation rate", "%", 3, 18, 1, (*_YEARS, "quarter", "month")),
    Measure("GDP per capita", "thousand USD", 8, 90, 1, _YEARS),
    Measure("Exports", "billion USD", 20, 700, 0, (*_YEARS, "sector", "quarter")),
    Measure("Public debt", "% of GDP", 40, 160, 0, _YEARS),
    Measure("Electricity generation", "TWh", 30, 900, 0, ("energy", "country", "year")),
    Measure("Installed capacity", "GW", 8, 160, 1, ("energy", "country", "year")),
    Measure("Electricity price", "ct/kWh", 12, 45, 1, ("country", "quarter", "year")),
    Measure("CO2 emissions", "Mt", 60, 900, 0, ("sector", "country", "year", "energy")),
    Measure("Harvest", "million tonnes", 6, 90, 1, ("crop", "country", "year")),
    Measure("Yield", "t/ha", 3, 12, 1, ("crop", "country", "year", "sample")),
    Measure("Cultivated area", "thousand ha", 50, 900, 0, ("crop", "region", "year")),
    Measure("Rainfall", "mm", 60, 320, 0, ("month", "city", "year")),
    Measure("Hours of sunshine", "h", 90, 340, 0, ("month", "city")),
    Measure("Mean temperature", "°C", 12, 34, 1, ("month", "city", "hour")),
    Measure("Particulate matter PM10", "µg/m³", 15, 80, 0, ("city", "month", "hour", "weekday")),
    Measure("Passengers", "million", 8, 300, 1, ("transport", "city", "year", "month")),
    Measure("Trips per day", "thousands", 20, 700, 0, ("transport", "city", "weekday", "age")),
    Measure("Average speed", "km/h", 15, 120, 0, ("transport", "hour", "city")),
    Measure("Road accidents", "", 40, 900, 0, ("weekday", "hour", "month", "age", "city")),
    Measure("Enrolled students", "", 200, 9000, 0, ("field", "year", "city")),
    Measure("Graduates", "", 60, 2500, 0, ("field", "year", "country")),
    Measure("Research grants", "million EUR", 4, 60, 1, ("field", "year", "country")),
    Measure("Publications", "", 50, 1200, 0, ("field", "year", "country")),
    Measure("Hospital admissions", "", 80, 5000, 0, ("age", "month", "year", "city")),
    Measure("Vaccination coverage", "%", 50, 98, 0, ("country", "age", "region", "year")),
    Measure("Waiting time", "days", 8, 90, 0, ("city", "quarter", "month")),
    Measure("Tensile strength", "MPa", 80, 900, 0, ("material", "sample")),
    Measure("Density", "g/cm³", 2, 9, 2, ("material", "sample")),
    Measure("Absorbance", "a.u.", 1, 4, 2, ("sample", "hour")),
    Measure("Reaction rate", "mmol/s", 3, 20, 1, ("sample", "hour")),
    Measure("Accuracy", "%", 70, 99, 1, ("method", "sample")),
    Measure("Training time", "minutes", 10, 400, 0, ("method",)),
    Measure("F1 score", "", 0.7, 0.98, 2, ("method", "sample")),
    Measure("Trees planted", "thousands", 10, 300, 0, ("species", "region", "year")),
    Measure("Timber volume", "million m³", 4, 60, 1, ("species", "country", "year")),
    Measure("Respondents", "", 40, 900, 0, ("age", "region", "transport", "plan", "field")),
    Measure("Customer satisfaction", "points", 6, 10, 1, ("plan", "product", "channel", "city")),
    Measure("Support tickets", "", 40, 3000, 0, ("plan", "product", "month", "weekday")),
    Measure("Overnight stays", "thousands", 20, 900, 0, (*PLACES, "month", "year")),
    Measure("Apartment rent", "EUR/m²", 9, 35, 1, ("city", "year", "country")),
    Measure("New dwellings", "", 100, 6000, 0, ("city", "year", "region")),
    Measure("Water use", "million m³", 10, 300, 0, ("sector", "city", "month", "year")),
    Measure("Municipal waste", "kg per person", 250, 780, 0, ("country", "city", "year")),
)

PARTS_OF_WHOLE = frozenset(
    (
        "product", "department", "energy", "crop", "transport", "field",
        "sector", "species", "plan", "channel", "region", "age",
    )
)  # fmt: skip
"""Dimensions whose categories make up a whole, as the slices of a pie do."""

RELATED: tuple[tuple[Measure, Measure, str], ...] = tuple(
    (Measure(*x, 0, ()), Measure(*y, 0, ()), group)
    for x, y, group in (
        (("Advertising spend", "thousand USD", 40, 200), ("Sales", "units", 60, 900), "region"),
        (("Height", "cm", 190, 200), ("Weight", "kg", 90, 120), "sample"),
        (("Temperature", "°C", 30, 90), ("Pressure", "kPa", 120, 400), "material"),
        (("Study time", "hours", 20, 60), ("Exam score", "points", 80, 100), "field"),
        (("Floor area", "m²", 90, 200), ("Price", "thousand EUR", 300, 900), "city"),
        (("Engine power", "kW", 100, 300), ("Fuel use", "ml/km", 60, 120), "plan"),
        (("Age", "years", 60, 90), ("Resting heart rate", "bpm", 80, 110), "sample"),
        (("Rainfall", "mm", 100, 400), ("Yield", "dt/ha", 40, 120), "crop"),
        (("Concentration", "mg/l", 20, 90), ("Absorption", "%", 50, 100), "sample"),
        (("Distance", "km", 20, 90), ("Travel time", "min", 30, 120), "transport"),
        (("Load", "N", 50, 500), ("Deflection", "µm", 40, 300), "material"),
        (("Years of service", "years", 20, 40), ("Salary", "thousand EUR", 60, 150), "department"),
        (("Trunk diameter", "cm", 40, 120), ("Tree height", "m", 20, 40), "species"),
        (("Model size", "million parameters", 50, 900), ("Accuracy", "%", 70, 100), "method"),
        (("Current", "mA", 20, 100), ("Voltage", "mV", 90, 600), "sample"),
        (("Depth", "m", 100, 500), ("Water temperature", "°C", 20, 40), "region"),
    )
)
"""Pairs of measures for scatter plots, and the dimension that groups their points."""
