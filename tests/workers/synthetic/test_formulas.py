import re
import sys

import numpy as np
import pytest
from PIL import ImageChops

from schemas.charts import FormulaSource
from schemas.errors import RequestError
from schemas.pages import own_text
from tests.many import few
from workers.synthetic.charts import fonts as charts_fonts
from workers.synthetic.formulas.drawing import MathFont, _set_matrix, displayed, draw
from workers.synthetic.formulas.grammar import Matrix, sample_formula
from workers.synthetic.formulas.terms import fenced
from workers.text.signatures import image_hash

ANY = FormulaSource(formulas=1)


def _check_balance(latex: str) -> None:
    """Braces, `\\left` and `\\right`, and environments close what is open, in order."""
    open_: list[str] = []
    for token in re.findall(r"\\(?:begin|end)\{\w+\}|\\[a-zA-Z]+|\\.|.", latex, re.DOTALL):
        if token in ("{", r"\left") or token.startswith(r"\begin"):
            open_.append(token)
        elif token == "}":
            assert open_.pop() == "{", latex
        elif token == r"\right":
            assert open_.pop() == r"\left", latex
        elif token.startswith(r"\end"):
            assert open_.pop() == token.replace("end", "begin"), latex
    assert not open_, latex


@pytest.mark.parametrize("difficulty", range(1, 6))
def test_formulas_are_well_formed_and_rarely_the_same(difficulty: int) -> None:
    texts, count = [], few(100, of=400)
    for seed in range(count):
        formula = sample_formula(np.random.default_rng([difficulty, seed]), difficulty)
        latex = formula.latex
        _check_balance(latex)
        # Scripts have braces, the lower stands before the upper, and no base has two of a kind.
        assert not re.search(r"[_^](?!\{)", latex)
        assert not re.search(r"\^\{[^{}]*\}_", latex)
        assert not re.search(r"\^\{[^{}]*\}\^|_\{[^{}]*\}_", latex)
        assert "  " not in latex
        assert difficulty > 2 or len(formula.lines) == 1
        texts.append(latex)
    assert len(set(texts)) > 0.925 * count


def test_pictures_differ_hold_all_ink_and_are_not_cut() -> None:
    hashes, count = set(), few(30, of=100)
    for seed in range(count):
        drawn = draw(np.random.default_rng(seed), ANY)
        grey = drawn.picture.convert("L")
        hashes.add(image_hash(grey))
        assert grey.getextrema()[1] - grey.getextrema()[0] > 150
        assert drawn.text == own_text(drawn.blocks)
        paper = grey.getpixel((0, 0))
        outside = grey.copy()
        for block in drawn.blocks:
            x0, y0, x1, y1 = block.bbox
            box = (x0 * grey.width, y0 * grey.height, x1 * grey.width, y1 * grey.height)
            whole = tuple(round(side) for side in box)
            assert grey.crop(whole).getextrema() != (paper, paper)
            outside.paste(paper, whole)
        assert outside.getextrema() == (paper, paper), seed
        outside = grey.copy()
        outside.paste(paper, (2, 2, grey.width - 2, grey.height - 2))
        assert outside.getextrema() == (paper, paper), seed
    assert len(hashes) == count


def test_the_same_choices_make_the_same_picture() -> None:
    for seed in range(5):
        first, again = (draw(np.random.default_rng(seed), ANY) for _ in range(2))
        assert first == again
        assert ImageChops.difference(first.picture, again.picture).getbbox() is None


def test_numbers_of_formulas_rise_down_the_page() -> None:
    settings = FormulaSource(formulas=1, max_on_a_page=6, difficulty=(1, 1))
    pages = [draw(np.random.default_rng(seed), settings).blocks for seed in range(25)]
    numbered = [blocks for blocks in pages if len(blocks) > 1 and r"\tag" in blocks[0].text]
    assert numbered
    for blocks in numbered:
        tags = [int(block.text.rsplit(r"\tag{", 1)[1].rstrip("}")) for block in blocks]
        assert tags == list(range(tags[0], tags[0] + len(tags)))
        tops = [block.bbox[1] for block in blocks]
        assert tops == sorted(tops)


def test_brackets_grow_around_what_is_tall() -> None:
    assert fenced("x_{1} + y", "[", "]") == "[x_{1} + y]"
    assert fenced(r"\frac{a}{b}") == r"\left( \frac{a}{b} \right)"
    assert fenced("x", r"\{", r"\}") == r"\{ x \}"


def test_only_outer_fractions_are_drawn_in_full() -> None:
    assert displayed(r"\frac{\frac{a}{b}}{c}") == r"\dfrac{\frac{a}{b}}{c}"


def test_a_matrix_is_set_in_rows_and_columns() -> None:
    matrix = Matrix((("1", "0", "0"), ("0", "1", "0")), "[")
    assert matrix.latex == r"\begin{bmatrix} 1 & 0 & 0 \\ 0 & 1 & 0 \end{bmatrix}"
    ink = _set_matrix(matrix, MathFont("cm", 40)).ink
    inner = ink[4:-4, 12:-12] > 0
    for axis, count in ((0, 3), (1, 2)):
        # Runs of columns, and of rows, that have ink.
        edges = np.diff(np.pad(inner.any(axis=axis).astype(int), 1))
        assert (edges == 1).sum() == count
    assert (ink[:, 0] == 255).all()
    assert (ink[:, -1] == 255).all()


def test_a_missing_library_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    charts_fonts.matplotlib.cache_clear()
    with pytest.raises(RequestError, match="matplotlib: pip install 'pagefoundry"):
        draw(np.random.default_rng(0), ANY)
