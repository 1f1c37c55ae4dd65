"""The page on models has the profiles as they are: tasks, modes and their tokens, guards."""

from __future__ import annotations

import re

import pytest

from tests.docs.pages import DOCS
from workers.engines.profiles.known import PROFILES
from workers.engines.profiles.profile import Profile

PAGE_PX = (905, 1280)
ROWS = dict(
    re.findall(r"^\| `([a-z0-9.-]+)`[^|]*\| (.*) \|$", (DOCS / "models.md").read_text(), re.M)
)


def row(profile: Profile) -> list[str]:
    costs = {mode.name: mode.tokens(*PAGE_PX).valid for mode in profile.modes if mode.tokens}
    modes = [
        f"**{name}** {cost}" if name == profile.default_mode else f"{name} {cost}"
        for name, cost in costs.items()
    ]
    guard = str(profile.guard or "")
    return [", ".join(profile.prompts), ", ".join(modes), guard, ", ".join(profile.engines)]


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_has_its_row(name: str) -> None:
    assert [cell.strip() for cell in ROWS[name].split("|")] == row(PROFILES[name])
