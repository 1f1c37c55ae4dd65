"""Names and addresses of people in texts, by a checkpoint that gives each token a label.

Owns: the model that finds them, which texts of rows it reads, and what staging keeps of them. Does
not: mask them (`workers.policies.personal`), or decide which rows are judged
(`pipelines.version.names`).

    finder = load_finder(FinderSettings(pin_people(recipe_people)))
    findings = finder.find(["We thank Ada Sato."])       # a list for each text

Start reading in `finder`, then in `texts`.
"""

from workers.people.checkpoint import PinnedPeople, find_people_checkpoint, pin_people
from workers.people.load import load_finder
from workers.people.settings import FinderSettings

__all__ = [
    "FinderSettings",
    "PinnedPeople",
    "find_people_checkpoint",
    "load_finder",
    "pin_people",
]
