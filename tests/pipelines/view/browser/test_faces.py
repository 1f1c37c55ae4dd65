"""Each kind of page, light and dark, wide and narrow: fit for all readers, and for the window."""

from __future__ import annotations

import json
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT

from tests.pipelines.view.browser.test_harm import KINDS
from tests.pipelines.view.browser.visiting import NARROW, WIDE, Tab, kind_of

# The scheme changes colours alone, so only these are looked at again in the dark.
RULES = {"light": {}, "dark": {"runOnly": ["color-contrast"]}}
FAULTS = """(rules) => axe.run({resultTypes: ["violations"], preload: false, ...rules})
  .then(({violations}) => violations
    .filter((fault) => ["serious", "critical"].includes(fault.impact))
    .map((fault) => [fault.id, fault.nodes[0].html, fault.nodes[0].failureSummary]))"""


def test_every_face_is_fit_for_its_readers(tab: Tab) -> None:
    faults: dict[str, Any] = {}
    kinds = set()
    for path in tab.crawl(most=1):
        kinds.add(kind_of(path))
        tab.page.evaluate(AXE_SCRIPT)
        tab.page.evaluate("document.querySelectorAll('details').forEach(it => { it.open = true })")
        for size in (WIDE, NARROW):
            tab.page.set_viewport_size(size)
            over = tab.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert over <= 0, f"{path} is {over} px wider than {size['width']}"
            for scheme in ("light", "dark"):
                tab.page.emulate_media(color_scheme=scheme)
                found = tab.page.evaluate(FAULTS, RULES[scheme])
                if found:
                    faults[f"{path} {scheme} {size['width']}"] = found
    assert kinds == KINDS
    assert not faults, json.dumps(faults, indent=1)


def test_the_check_finds_a_fault(tab: Tab) -> None:
    tab.page.evaluate(AXE_SCRIPT)
    for scheme, rules in RULES.items():
        tab.page.emulate_media(color_scheme=scheme)
        assert tab.page.evaluate(FAULTS, rules) == []
    tab.page.locator("h1").evaluate("title => { title.style.color = 'rgb(40, 40, 40)' }")
    assert [fault[0] for fault in tab.page.evaluate(FAULTS, RULES["dark"])] == ["color-contrast"]


def test_the_dark_scheme_is_dark(tab: Tab) -> None:
    light = (
        "() => getComputedStyle(document.documentElement).backgroundColor.match(/\\d+/g)[0] > 127"
    )
    tab.page.emulate_media(color_scheme="dark")
    assert not tab.page.evaluate(light)
    tab.page.emulate_media(color_scheme="light")
    assert tab.page.evaluate(light)
