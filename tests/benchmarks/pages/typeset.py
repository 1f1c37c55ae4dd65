"""All pages that we typeset, by name: what is hard about each is known, and so is its truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.benchmarks.pages.setting import Document
from tests.benchmarks.pages.typeset_columns import COLUMN_PAGES
from tests.benchmarks.pages.typeset_furniture import FURNITURE_PAGES
from tests.benchmarks.pages.typeset_scripts import SCRIPT_PAGES
from tests.benchmarks.pages.typeset_tables import TABLE_PAGES

PAGES: Mapping[str, Callable[[], Document]] = {
    **TABLE_PAGES,
    **COLUMN_PAGES,
    **FURNITURE_PAGES,
    **SCRIPT_PAGES,
}
