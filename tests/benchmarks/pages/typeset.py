"""All pages that we typeset, by name: what is hard about each is known, and so is its truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.benchmarks.pages.setting import Document
from tests.benchmarks.pages.typeset_tables import TABLE_PAGES

PAGES: Mapping[str, Callable[[], Document]] = {**TABLE_PAGES}
