"""Documents that mean harm, and other sites, in a real browser: nothing acts, nothing leaves."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.pipelines.view.browser.exhibits import EVIL, PLAIN_HARM
from tests.pipelines.view.browser.visiting import Seen, Tab, Viewer, kind_of, opened

KINDS = {
    "list", "list documents", "list crops", "list conversations", "list rejects", "rejects",
    "page", "document", "crop", "conversation", "reject", "funnel", "changes", "change", "notes",
}  # fmt: skip
# What must not be in a page, by name; and whether a script ran that is not the viewer's.
FOREIGN = """() => {
  for (const element of document.querySelectorAll("*")) {
    for (const kind of ["mouseover", "click", "focus", "error", "load"]) {
      if (kind !== "click" || !element.closest("a, button, input, summary, label"))
        element.dispatchEvent(new Event(kind));
    }
  }
  const names = [...document.querySelectorAll("*")].flatMap((element) =>
    [...element.attributes].map((attribute) => attribute.name));
  const addresses = [...document.querySelectorAll("[href], [src], [action], [data], [srcset]")]
    .flatMap((element) =>
      ["href", "src", "action", "data", "srcset"].map((name) => element.getAttribute(name)))
    .filter((it) => it && !/^(\\/[^\\/]|\\/$|#|https:\\/\\/example\\.org\\/a$)/.test(it));
  return {
    owned: window.__owned ?? null,
    handlers: names.filter((name) => name.startsWith("on") || ["style", "srcdoc"].includes(name)),
    scripts: [...document.scripts].map((script) => script.getAttribute("src")),
    frames: document.querySelectorAll("iframe, object, embed, base, style, [http-equiv]").length,
    addresses,
  };
}"""
NOTHING = {
    "owned": None,
    "handlers": [],
    "scripts": ["/static/view.js"],
    "frames": 0,
    "addresses": [],
}


def test_nothing_that_a_document_brings_acts(tab: Tab) -> None:
    kinds = set()
    for path in tab.crawl(most=6):
        kinds.add(kind_of(path))
        assert tab.page.evaluate(FOREIGN) == NOTHING, path
    assert kinds == KINDS
    assert tab.seen.requests
    assert tab.seen.elsewhere(tab.root) == []
    assert tab.seen.dialogs == []
    assert tab.seen.complaints == []


def test_the_same_acts_where_nothing_stops_it(chromium: Browser) -> None:
    context = chromium.new_context()
    seen = Seen.of(context)
    page = context.new_page()
    page.set_content(f"<div>{PLAIN_HARM}</div>", wait_until="commit")
    page.wait_for_function("window.__owned")
    assert page.evaluate(FOREIGN)["handlers"]
    assert seen.dialogs == ["1"]
    assert any(url.startswith(EVIL) for url in seen.elsewhere("about:"))
    context.close()


def test_a_browser_without_the_token_sees_nothing(chromium: Browser, viewer: Viewer) -> None:
    context = chromium.new_context()
    page = context.new_page()
    for url, status in (
        (viewer.root, 403),
        (f"{viewer.root}/?token=guessed", 403),
        (viewer.link.replace("127.0.0.1", "evil.localhost"), 421),
    ):
        answer = page.goto(url)
        assert answer is not None
        assert (answer.status, context.cookies()) == (status, [])
        expect(page.locator("body")).to_contain_text("Not answered")
    context.close()


def test_another_site_can_neither_write_nor_read(chromium: Browser, viewer: Viewer) -> None:
    with opened(chromium, viewer) as tab:
        key = tab.page.locator("[data-card]").first.get_attribute("href")
        assert key is not None
        other = tab.page.context.new_page()
        other.route("http://other.localhost/", lambda route: route.fulfill(body="<p>other</p>"))
        other.goto("http://other.localhost/")
        other.set_content(
            f"<form method=post action='{viewer.root}/note'><input name=table value=pages>"
            f"<input name=key value='{key.removeprefix('/page/')}'><input name=verdict value=good>"
            f"<button>go</button></form><img src='{viewer.root}/static/icon.svg'>"
        )
        assert (
            other.evaluate(
                "url => fetch(url, {credentials: 'include'}).then(() => 'read', () => 'not read')",
                viewer.root,
            )
            == "not read"
        )
        assert other.locator("img").evaluate("image => image.naturalWidth") == 0
        other.get_by_role("button", name="go").click()
        expect(other.locator("body")).to_contain_text("Not answered")
        tab.open("/notes")
        expect(tab.page.locator("h1")).to_have_text("0 notes")
