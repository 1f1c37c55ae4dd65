"""The layout model in torch sees what ONNX Runtime sees, in any batch."""

from __future__ import annotations

import onnx
import pymupdf
import pytest
import torch

from schemas.errors import ModelError
from schemas.pages import Block
from tests.workers.engines.test_rapidocr import PROSE_PAGE
from tests.workers.layout.test_regions import page_image, page_with_plot
from workers.engines.ppocr.layout import LayoutNet, load_layout_net
from workers.engines.text_lines import DETECTOR, model_file
from workers.layout.regions import LayoutModel, grey_page, regions_of

PAGES = [page_image(page_with_plot()), PROSE_PAGE, page_image(pymupdf.open().new_page())]


@pytest.fixture(scope="module")
def net() -> LayoutNet:
    return load_layout_net()


def test_regions_are_those_of_onnx_runtime(net: LayoutNet) -> None:
    model = LayoutModel(threads=1)
    truths = [model.regions(page) for page in PAGES]
    assert {block.label for block in truths[0]} >= {"figure", "paragraph"}
    with torch.inference_mode():
        classes, shares = net(torch.stack([torch.from_numpy(grey_page(p.data)) for p in PAGES]))
    for page_classes, page_shares, truth in zip(classes, shares, truths, strict=True):
        regions = regions_of(page_classes.numpy(), page_shares.numpy())
        assert places(regions) == places(truth)
        assert [block.confidence for block in regions] == pytest.approx(
            [block.confidence for block in truth], abs=1e-4
        )


def places(blocks: tuple[Block, ...]) -> list[tuple[object, ...]]:
    return [(block.label, block.bbox) for block in blocks]


def test_a_file_of_another_model_is_refused() -> None:
    file = onnx.load_model_from_string(model_file(DETECTOR).read_bytes())
    with pytest.raises(ModelError, match="not the layout model"):
        load_layout_net(file)
