"""Reads the viewer's pages as a browser without scripts does."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from html.parser import HTMLParser

from httpx2 import Response
from starlette.testclient import TestClient

PORT = 8517
_VOID = {"meta", "link", "img", "input", "br", "hr", "rect"}


@dataclass
class Element:
    """An element, and the text in it with that of its children."""

    tag: str
    attributes: dict[str, str]
    text: str = ""

    def __getitem__(self, name: str) -> str:
        return self.attributes[name]


class Page(HTMLParser):
    """The elements of a page, in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if any(element.tag == tag for element in self._open):
            while self._open.pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def all(self, tag: str, **attributes: str) -> list[Element]:
        """The elements of a tag that have these values; `class_` stands for `class`."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [
            element
            for element in self.elements
            if element.tag == tag
            and all(
                value in element.attributes.get(name, "").split() for name, value in wanted.items()
            )
        ]

    def one(self, tag: str, **attributes: str) -> Element:
        """The only such element."""
        (found,) = self.all(tag, **attributes)
        return found

    def link(self, text: str) -> str:
        """Where the first link with this text leads."""
        return next(a["href"] for a in self.all("a") if text in " ".join(a.text.split()))

    @property
    def text(self) -> str:
        """All text, with each run of space as one."""
        return " ".join(self.one("body").text.split())

    @property
    def own_links(self) -> set[str]:
        """The links and pictures of the viewer itself."""
        links = {
            element.attributes.get(name, "")
            for element in self.elements
            for name in ("href", "src")
        }
        return {link for link in links if link.startswith("/")}


@dataclass
class Browser:
    """A client that has been let in."""

    client: TestClient

    def get(self, link: str) -> Response:
        """What is answered, with redirections followed."""
        return self.client.get(link, follow_redirects=True)

    def open(self, link: str) -> Page:
        """A page that is there."""
        answer = self.get(link)
        assert answer.status_code == 200, (link, answer.text)
        return Page(answer.text)

    def rows(self, link: str) -> list[str]:
        """The links of the rows of a list."""
        return [a["href"] for a in self.open(link).all("a") if "data-card" in a.attributes]

    def send(self, page: Page, verdict: str, why: str = "") -> Response:
        """Fill in the form for a note and send it."""
        form = page.one("form", class_="note")
        hidden = {
            i["name"]: i["value"] for i in page.all("input") if i.attributes.get("type") == "hidden"
        }
        fields = {name: hidden[name] for name in ("form_token", "table", "key")}
        return self.client.post(
            form["action"],
            data={**fields, "verdict": verdict, "why": why},
            headers={"origin": f"http://127.0.0.1:{PORT}"},
        )

    def crawl(self, starts: list[str], most: int) -> dict[str, Response]:
        """Follow links from some pages on, at most so many of each kind; answers by link."""
        todo: list[str] = list(starts)
        found: dict[str, Response] = {}
        kinds: Counter[str] = Counter()
        while todo:
            link = todo.pop(0)
            if link in found or kinds[kind_of(link)] >= most:
                continue
            kinds[kind_of(link)] += 1
            found[link] = answer = self.get(link)
            if answer.headers["content-type"].startswith("text/html"):
                todo += sorted(Page(answer.text).own_links - found.keys())
        return found


def kind_of(link: str) -> str:
    """The first step of a link's path, which names what it leads to."""
    return link.partition("?")[0].split("/")[1]
