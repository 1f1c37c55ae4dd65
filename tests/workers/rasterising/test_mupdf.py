"""A child's MuPDF has no layout models, and the wheel's own functions can still be imported."""

from __future__ import annotations

import subprocess
import sys

import pytest

SHOW = """
import sys
from workers.rasterising.mupdf import import_without_models

{before}
import_without_models()
import pymupdf
print("onnxruntime" in sys.modules)
from pymupdf.layout import pymupdf_util_edge
print(pymupdf.layout.DocumentLayoutAnalyzer.get_model.__module__)
print(pymupdf._get_layout.__module__)
page = pymupdf.open().new_page()
page.insert_text((72, 72), "a line")
page.get_layout()
print(page.layout_information)
"""


def run(code: str) -> list[str]:
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return made.stdout.splitlines()


def test_a_first_import_loads_no_models_and_neither_does_a_later_one() -> None:
    wheel = "pymupdf.layout.DocumentLayoutAnalyzer"
    assert run(SHOW.format(before="")) == ["False", wheel, "workers.rasterising.mupdf", "None"]


def test_a_process_that_has_pymupdf_keeps_it_as_it_is() -> None:
    loaded, _, analyser, layout = run(SHOW.format(before="import pymupdf"))
    assert (loaded, analyser) == ("True", "pymupdf.layout")
    assert layout != "None"


@pytest.mark.parametrize("prepare", ["_prepare", "_prepare_unfenced"])
def test_children_start_without_the_models(prepare: str) -> None:
    code = (
        "import sys\n"
        "from workers.rasterising import rasterizer\n"
        "from workers.rasterising import native\n"
        "native.silence = lambda: None\n"
        f"rasterizer.{prepare}(2**40)\n"
        "print('pymupdf' in sys.modules, 'onnxruntime' in sys.modules)\n"
    )
    assert run(code) == ["True False"]
