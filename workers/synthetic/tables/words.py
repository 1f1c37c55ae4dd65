"""The words of drawn tables: names, things, phrases. Written for this project."""

from __future__ import annotations

FIRST_NAMES = (
    "Ada", "Alice", "Amara", "Anders", "Anna", "Ben", "Carla", "Chen", "Clara", "Daniel", "David",
    "Elena", "Emil", "Erik", "Fatima", "Felix", "Grace", "Hana", "Hugo", "Ines", "Ivan", "Jakob",
    "Jana", "Julia", "Karim", "Kofi", "Lars", "Laura", "Leo", "Lina", "Luca", "Maria", "Marta",
    "Mei", "Mina", "Nadia", "Nina", "Noah", "Nora", "Olga", "Omar", "Otto", "Paul", "Petra",
    "Rafael", "Rosa", "Sam", "Sara", "Sofia", "Tariq", "Tom", "Vera", "Victor", "Yuki", "Zoe",
)  # fmt: skip
LAST_NAMES = (
    "Abbott", "Adeyemi", "Andersen", "Bauer", "Becker", "Bell", "Brandt", "Campos", "Castro",
    "Clarke", "Costa", "Dahl", "Diaz", "Dubois", "Eriksen", "Evans", "Ferrari", "Fischer",
    "Garcia", "Gupta", "Haas", "Hansen", "Hoffmann", "Hughes", "Ito", "Jansen", "Jensen", "Kaya",
    "Keller", "Khan", "Kim", "Kovacs", "Lange", "Larsen", "Lee", "Lopez", "Marin", "Martin",
    "Mbeki", "Meyer", "Moreau", "Müller", "Nakamura", "Novak", "Okafor", "Olsen", "Park", "Patel",
    "Pereira", "Popov", "Reyes", "Rossi", "Roy", "Santos", "Sato", "Schmidt", "Silva", "Singh",
    "Suzuki", "Tanaka", "Torres", "Vogel", "Wagner", "Walker", "Wang", "Weber", "Wood", "Yilmaz",
    "Zhang",
)  # fmt: skip
PLACES = (
    "Accra", "Amsterdam", "Ankara", "Athens", "Auckland", "Bergen", "Berlin", "Bogotá", "Boston",
    "Brisbane", "Cairo", "Cape Town", "Chicago", "Dakar", "Delhi", "Dublin", "Geneva", "Hamburg",
    "Hanoi", "Helsinki", "Jakarta", "Kyoto", "Lagos", "Lima", "Lisbon", "London", "Madrid",
    "Malmö", "Manila", "Mexico City", "Milan", "Montréal", "Mumbai", "Nairobi", "New York",
    "Osaka", "Oslo", "Paris", "Porto", "Prague", "Quito", "Riga", "Rome", "San José", "Santiago",
    "São Paulo", "Seoul", "Singapore", "Stockholm", "Sydney", "Tallinn", "Tunis", "Vienna",
    "Warsaw", "Zürich",
)  # fmt: skip
COUNTRIES = (
    "Argentina", "Australia", "Austria", "Brazil", "Canada", "Chile", "China", "Czechia",
    "Denmark", "Egypt", "Finland", "France", "Germany", "Ghana", "Greece", "India", "Indonesia",
    "Ireland", "Italy", "Japan", "Kenya", "Mexico", "Morocco", "Netherlands", "New Zealand",
    "Nigeria", "Norway", "Peru", "Poland", "Portugal", "South Africa", "South Korea", "Spain",
    "Sweden", "Switzerland", "Thailand", "Turkey", "United Kingdom", "United States", "Vietnam",
)  # fmt: skip
PRODUCTS = (
    "Desk lamp", "Office chair", "Water pump", "Steel bolt M8", "Copper wire", "Paper A4, 80 g",
    "Printer toner", "LED panel", "Battery pack", "Garden hose", "Coffee beans", "Green tea",
    "Olive oil", "Rice, 5 kg", "Oat flour", "Canvas bag", "Rain jacket", "Running shoes",
    "Bicycle tyre", "Inner tube", "Brake pads", "Air filter", "Spark plug", "USB cable", "Router",
    "Webcam", "Keyboard", "Monitor 27 in", "Hard drive", "Notebook", "Ballpoint pen", "Glass jar",
    "Cutting board", "Frying pan", "Wool blanket", "Cotton towel", "Wall paint", "Wood screws",
    "Drill bit set", "Safety gloves",
)  # fmt: skip
MATERIALS = (
    "Aluminium", "Brass", "Bronze", "Carbon steel", "Cast iron", "Concrete", "Copper", "Cork",
    "Epoxy resin", "Float glass", "Granite", "Graphite", "Lead", "Limestone", "Nickel", "Nylon 6",
    "Oak", "Pine", "Polyethylene", "Polypropylene", "Polystyrene", "Quartz", "Rubber",
    "Sandstone", "Silver", "Stainless steel", "Tin", "Titanium", "Tungsten", "Zinc",
)  # fmt: skip
SPECIES = (
    "Barn owl", "Beech", "Blackbird", "Brown trout", "Common frog", "Common oak",
    "Eurasian otter", "Grey heron", "Grey seal", "Harbour porpoise", "Hazel", "Hedgehog",
    "Kestrel", "Lapwing", "Little tern", "Mallard", "Mute swan", "Norway spruce", "Pine marten",
    "Red deer", "Red fox", "Roe deer", "Rowan", "Scots pine", "Silver birch", "Skylark",
    "Sparrowhawk", "Wild boar",
)  # fmt: skip
SUBJECTS = (
    "Algebra", "Astronomy", "Biochemistry", "Botany", "Calculus", "Cell biology", "Drawing",
    "Economics", "Electronics", "Ethics", "French", "Genetics", "Geography", "Geology", "German",
    "History", "Law", "Linguistics", "Logic", "Mechanics", "Music theory", "Optics", "Philosophy",
    "Physics I", "Physics II", "Programming", "Psychology", "Rhetoric", "Statistics", "Zoology",
)  # fmt: skip
METHODS = (
    "Baseline", "Linear model", "Ridge", "Lasso", "Random forest", "Gradient boosting",
    "Nearest neighbour", "Naive Bayes", "Support vectors", "Small network", "Large network",
    "Ensemble", "Ours, no pretraining", "Ours, half data", "Ours", "Ours + tuning", "Human",
)  # fmt: skip
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
GROUPS = (
    "North", "South", "East", "West", "Central", "Coast", "Group A", "Group B", "Group C",
    "Control", "Treated", "Phase I", "Phase II", "Summer", "Winter", "Spring", "Autumn", "Urban",
    "Rural", "Public", "Private", "Domestic", "Imported", "New", "Used", "Day shift",
    "Night shift", "Under 30", "30 to 59", "60 and over", "First half", "Second half",
)  # fmt: skip
GROUP_NAMES = ("Group", "Class", "Series", "Set", "Category")
SECTIONS = (
    "Fixed costs", "Variable costs", "Field trials", "Laboratory", "Main campus", "Branch office",
    "Revised estimates", "Preliminary data", "Before treatment", "After treatment", "Full time",
    "Part time", "Raw materials", "Finished goods", "Indoor use", "Outdoor use", "Series 1",
    "Series 2", "Test set", "Validation set",
)  # fmt: skip
SPANNERS = (
    "Results", "Cost", "Measured", "Estimated", "Quantity", "Change", "Details", "Totals",
    "First run", "Second run", "Plan", "Actual", "Capacity", "Quality", "Last year", "This year",
    "Inventory", "Accuracy", "Schedule", "Conditions",
)  # fmt: skip
PHRASES = (
    "in stock", "sold out", "on order", "to be confirmed", "see note 2", "as planned",
    "delayed by rain", "passed", "failed", "repeat in spring", "no change", "under review",
    "approved", "pending approval", "shipped", "returned by customer", "new supplier",
    "replaced in March", "calibrated", "within tolerance", "above the limit", "below average",
    "measured twice", "outlier removed", "data incomplete", "valid until renewed",
    "needs two operators", "stored below 8 °C", "keep dry", "handle with care",
    "checked by the night shift", "moved to the new building", "first delivery of the year",
    "agreed with the works council", "only for use with the adapter supplied",
    "results differ between the two laboratories", "price per unit, without tax",
    "includes spare parts & assembly", "width < 40 mm", "R&D budget", "length > 2 m",
)  # fmt: skip
EMPTY_MARKS = ("", "", "–", "n/a", "-", "...")
TOTALS = ("Total", "Sum", "All", "Overall")
