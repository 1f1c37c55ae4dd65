"""Paths of images and links to crops: every written link is found again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.ids import page_id
from schemas.pages import CROP_LINK, crop_link, image_path
from tests.builders import make_crop, make_doc_id

PAGE = page_id(make_doc_id(1), 7)


@pytest.mark.parametrize(
    ("begins", "suffix"), [(b"\xff\xd8\xff", "jpg"), (b"\x89PNG", "png"), (b"RIFF", "webp")]
)
def test_an_image_is_named_by_its_id_and_what_it_is(begins: bytes, suffix: str) -> None:
    assert image_path(PAGE, begins) == f"{make_doc_id(1)}-00007.{suffix}"


@pytest.mark.parametrize("data", [b"", b"GIF8", b"%PDF"])
def test_what_is_no_image_of_ours_has_no_name(data: bytes) -> None:
    with pytest.raises(ValueError, match="no JPEG, PNG or WebP"):
        image_path(PAGE, data)


@given(st.text(), st.text(), st.text(), st.integers(0, 1000))
def test_a_link_is_found_in_any_text_whatever_its_label(before, label, after, number) -> None:
    crop = make_crop(PAGE, number, label=label)
    text = f"{before}\n\n{crop_link(crop)}\n\n{after}"
    paths = [link[2] for link in CROP_LINK.finditer(text)]
    assert paths == [image_path(crop.crop_id, crop.image.data)]


@pytest.mark.parametrize(
    "text",
    [
        "![figure](figures/1.png)",
        "![figure](crops/1.png)",
        f"![figure](crops/{make_doc_id(1)}-00007.png)",
        f"[figure](crops/{make_doc_id(1)}-00007-01.png)",
        f"![figure](crops/../{make_doc_id(1)}-00007-01.png)",
    ],
)
def test_other_links_are_none_to_crops(text: str) -> None:
    assert CROP_LINK.search(text) is None
