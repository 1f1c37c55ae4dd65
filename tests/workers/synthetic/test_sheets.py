from __future__ import annotations

import sys

import numpy as np
import pytest

from schemas.errors import RequestError
from workers.synthetic.sheets import FAMILIES, font, ink_box, picture, sheet


def test_a_sheet_is_paper_to_its_last_pixel_and_its_ink_is_found() -> None:
    with sheet(100.3, 50.7, (0.5, 0.5, 0.5)) as page:
        page.draw_rect((25, 10, 50, 40), color=None, fill=(0, 0, 0))
        drawn = picture(page, 2)
    assert drawn.size == (200, 101)
    assert set(np.unique(np.asarray(drawn))) == {0, 127}
    assert ink_box(drawn) == (50 / 200, 20 / 101, 100 / 200, 80 / 101)


def test_faces_of_a_family_are_distinct_fonts() -> None:
    names = [font(face).name for family in FAMILIES.values() for face in sorted(set(family))]
    assert len(set(names)) == len(names)


def test_without_the_font_package_one_line_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pymupdf_fonts", None)
    font.cache_clear()
    with pytest.raises(RequestError, match="font figo needs pymupdf-fonts: pip install"):
        font("figo")
    assert font("helv").name == "Helvetica"
