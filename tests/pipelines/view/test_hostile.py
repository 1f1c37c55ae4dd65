"""Documents that mean harm do nothing: what can be reached by links is looked through."""

from __future__ import annotations

from tests.pipelines.view.browsing import Browser, Page, kind_of

MOST = 4  # of each kind
OWN_SCRIPT = "/static/view.js"
TAGS = {
    *("html", "head", "meta", "title", "link", "script", "body", "header", "main", "footer", "nav"),
    *("div", "section", "aside", "p", "span", "b", "a", "ul", "ol", "li", "dl", "dt", "dd", "h1"),
    *("h2", "h3", "h4", "h5", "h6", "img", "form", "input", "button", "label", "select", "option"),
    *("fieldset", "legend", "details", "summary", "dialog", "kbd", "mark", "table", "thead"),
    *("tbody", "tr", "th", "td", "caption", "pre", "code", "blockquote", "strong", "em", "s", "br"),
    *("hr", "sup", "sub", "figure", "figcaption", "ins", "del", "svg", "g", "rect", "text"),
    *("math", "mrow", "mi", "mn", "mo", "mtext", "msup", "msub"),
}


def test_no_page_has_what_a_document_brought(browser: Browser) -> None:
    starts = ["/?search=owned", "/?table=crops&label=figure", "/?table=conversations", "/changes"]
    answers = browser.crawl(starts, MOST)
    kinds = set(map(kind_of, answers))
    assert {"page", "crop", "document", "conversation", "reject", "change"} <= kinds
    assert {"picture", "thumbnail", "redrawn", "static"} <= kinds
    for link, answer in answers.items():
        assert answer.status_code == 200, (link, answer.text[:200])
        kind = answer.headers["content-type"].partition(";")[0]
        if kind == "text/html":
            assert_harmless(Page(answer.text), link)
        elif not link.startswith("/static/"):
            assert kind in ("image/png", "image/jpeg", "image/webp", "application/jsonl"), link


def assert_harmless(page: Page, link: str) -> None:
    for element in page.elements:
        assert element.tag in TAGS, (link, element)
        for name, value in element.attributes.items():
            assert not name.startswith("on"), (link, element)
            assert name not in ("style", "srcdoc", "srcset", "formaction"), (link, element)
            if name in ("src", "action"):
                assert value.startswith("/"), (link, element)
                assert not value.startswith("//"), (link, element)
            if name in ("href", "xlink:href"):
                assert value.startswith(("/", "#", "https://example.org/")), (link, element)
    assert [s["src"] for s in page.all("script")] in ([OWN_SCRIPT], []), link
    assert "owned" not in page.all("title")[0].text, link
