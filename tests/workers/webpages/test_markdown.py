"""Markdown of documents as HTML: what engines write is shown, and nothing in it can act."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.webpages.markdown import MOST_CHARS, CropAddress, inline_html, markdown_html

TAGS = {
    *("p", "h3", "h4", "h5", "h6", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol"),
    *("li", "table", "thead", "tbody", "tr", "th", "td", "caption", "a", "img", "span", "div"),
    *("br", "hr", "sup", "sub"),
}
MATHML = {
    *("math", "mrow", "mi", "mn", "mo", "ms", "mtext", "mspace", "mfrac", "msqrt", "mroot"),
    *("mstyle", "mpadded", "msub", "msup", "msubsup", "munder", "mover", "munderover", "mtable"),
    *("mtr", "mtd", "menclose", "mmultiscripts", "mprescripts", "none", "merror"),
}
ATTRIBUTES = {
    "dir", "class", "title", "href", "rel", "target", "src", "alt", "loading", "start",
    "rowspan", "colspan",
}  # fmt: skip


class Tags(HTMLParser):
    """Checks each element, and that all are closed where they have to be."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert self.open == [], html

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS | MATHML, tag
        for name, value in attrs:
            assert name in ATTRIBUTES or tag in MATHML, (tag, name)
            assert not name.startswith("on"), (tag, name)
            assert name != "style"
            if name in ("href", "src"):
                assert value is not None
                assert value.startswith(("http://", "https://")), value
        if tag not in ("br", "hr", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


PIECES = st.sampled_from(
    [
        *("<script>", "</script>", "<img src=x onerror=a()>", "<svg/onload=a()>", "<!--", "]]>"),
        *("<table>", "<tr>", "<td rowspan=9 onclick=a()>", "</table>", "<sup>", "</sup>", "<br>"),
        *("[a](", "javascript:a()", "data:text/html,a", "http://a.b/?x=1&y=\"'<", ")", "![", "]("),
        *(
            "$",
            "$$",
            "\\(",
            "\\)",
            "\\[",
            "\\]",
            "\\frac{1}{",
            "}",
            "\\text{",
            "x^2",
            "&lt;",
            "&#x3c;",
        ),
        *(
            "# ",
            "> ",
            "- ",
            "1. ",
            "    ",
            "```",
            "`",
            "**",
            "*",
            "_",
            "~~",
            "|",
            "|-|-|",
            "\n",
            "\n\n",
        ),
        *(
            "word",
            " ",
            "\\",
            '"',
            "'",
            "<",
            ">",
            "&",
            "\u202e",
            "\x00",
            "\x1b[2J",
            "漢字",
            "\ud800",
        ),
        *(
            "<http://a.b>",
            "<javascript:a()>",
            "[x]: http://a.b",
            "[x]",
            "crops/x.png",
            "---",
            "===",
        ),
    ]
)


@given(st.lists(PIECES, max_size=40).map("".join) | st.text())
def test_no_text_makes_an_element_that_is_not_ours(text: str) -> None:
    Tags(markdown_html(text))
    Tags(inline_html(text))


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("# A *b*", '<h3 dir="auto">A <em>b</em></h3>'),
        ("a  \nb", '<p dir="auto">a<br>b</p>'),
        ("- a\n- b", '<ul><li dir="auto">a</li><li dir="auto">b</li></ul>'),
        ("3. a", '<ol start="3"><li dir="auto">a</li></ol>'),
        ("~~a~~ `b<`", '<p dir="auto"><s>a</s> <code dir="auto">b&lt;</code></p>'),
        ("```py\na<b\n```", '<pre dir="auto"><code>a&lt;b\n</code></pre>'),
        ("|a|b|\n|-|-:|\n|1|2|", '<td dir="auto" class="right">2</td>'),
        ("x<sup>2</sup><br>y", '<p dir="auto">x<sup>2</sup><br>y</p>'),
        ("<b>a</b>", '<p dir="auto">&lt;b&gt;a&lt;/b&gt;</p>'),
        ("from $5 to $6", '<p dir="auto">from $5 to $6</p>'),
        ("[a](http://x.y)", '<a href="http://x.y" rel="noopener noreferrer nofollow"'),
        ("[a](/etc)", '<span class="dead-link" title="/etc">a</span>'),
        ("![p](http://x.y/p.png)", '<span class="no-picture" title="http://x.y/p.png">p</span>'),
        ("a\u202eb", 'a<span class="unseen" title="RIGHT-TO-LEFT OVERRIDE">U+202E</span>b'),
    ],
)  # fmt: skip
def test_what_engines_write_is_shown(text: str, html: str) -> None:
    assert html in markdown_html(text)


@pytest.mark.parametrize(
    "text",
    [
        "a $x^2$ b",
        r"a \(x^2\) b",
        "$$\nx^2\n$$",
        "$$x^2$$",
        r"\[ x^2 \]",
        "text\n$$\nx^2\n$$\nmore",
    ],
)
def test_formulas_become_mathml(text: str) -> None:
    html = markdown_html(text)
    assert "<msup><mi>x</mi><mn>2</mn></msup>" in html
    assert "$" not in html
    Tags(html)


def test_a_formula_without_an_end_is_text() -> None:
    for text in ("$$\nx", "a $x", r"\[ x", "$ x$", "$x $", "$$"):
        assert "<math" not in markdown_html(text), text


def test_a_table_of_html_is_a_table_within_the_text() -> None:
    html = markdown_html("before\n<table><tr><td>$x$</td></tr></table>\n\nafter")
    assert html.index("before") < html.index("<table") < html.index("<math") < html.index("after")


def test_a_crop_is_shown_where_it_is_known() -> None:
    known = {"a.png": CropAddress('/p?"', "/c")}
    html = markdown_html("![chart](crops/a.png) ![x](crops/b.png)", known.get)
    assert '<a class="crop" href="/c"><img src="/p?&quot;" alt="chart" loading="lazy"></a>' in html
    assert '<span class="no-picture" title="crops/b.png">x</span>' in html


@pytest.mark.parametrize("text", ["> " * 99 + "deep", "- " * 99 + "deep", "x" * (MOST_CHARS + 9)])
def test_what_is_too_deep_or_too_long_is_shown_as_it_stands(text: str) -> None:
    assert Tags(markdown_html(text)).text == text
