"""LaTeX as MathML: known elements only, and the source where it cannot be converted."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workers.webpages.test_markdown import Tags
from workers.webpages.formulas import formula


@pytest.mark.parametrize(
    ("latex", "part"),
    [
        (r"\frac{a}{b}", "<mfrac><mrow><mi>a</mi></mrow><mrow><mi>b</mi></mrow></mfrac>"),
        (r"\sqrt{2}", "<msqrt>"),
        (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", "<mtable>"),
        ("a<b", "<mo>&lt;</mo>"),
        (r"\text{<b>&amp;}", "<mtext>&lt;b&gt;&amp;</mtext>"),
        (r"\unicode{x3c}", "<mi>&lt;</mi>"),
    ],
)
def test_a_formula_is_set(latex: str, part: str) -> None:
    assert formula(latex).startswith('<math display="inline">')
    assert formula(latex, is_block=True).startswith('<math display="block">')
    assert part in formula(latex)


@pytest.mark.parametrize(
    "latex", ["", r"\frac", "}{", r"\left(", "x" * 3_000, "{" * 500 + "}" * 500]
)
def test_what_is_no_formula_is_shown_as_its_source(latex: str) -> None:
    class Reader(HTMLParser):
        text = ""

        def handle_data(self, data: str) -> None:
            self.text += data

    reader = Reader()
    reader.feed(formula(latex))
    assert reader.text == latex
    assert formula(latex).startswith('<code class="formula"')


LATEX = st.lists(
    st.sampled_from(
        [
            *(r"\frac", r"\sqrt", r"\hat", r"\left", r"\right", "(", ")", "{", "}", "^", "_", "&"),
            *(
                r"\begin{matrix}",
                r"\end{matrix}",
                r"\\",
                r"\text{",
                r"\href{javascript:a()}{",
                "<b>",
            ),
            *(
                r"\style{color:red}{",
                r"\class{x}{",
                r"\color{red}",
                r"\mathbf",
                r"\sum",
                "x",
                "1",
                "'",
            ),
        ]
    ),
    max_size=30,
).map("".join)


@given(LATEX | st.text(max_size=60))
def test_no_formula_makes_an_element_that_is_not_ours(latex: str) -> None:
    Tags(formula(latex))
