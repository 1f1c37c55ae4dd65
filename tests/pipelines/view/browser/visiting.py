"""A running `pagefoundry view`, and tabs of a browser that keep what they saw."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Page,
    Request,
    ViewportSize,
    WebError,
)

_COMMAND = Path(sys.executable).with_name("pagefoundry")
_END_S, _ANSWER_S = 60, 60
_NO_PAGES = ("picture", "redrawn", "notes.jsonl")
WIDE, NARROW = ViewportSize(width=1400, height=900), ViewportSize(width=390, height=844)


class Viewer:
    """The command in a process of its own.

    Args:
        environment: of the process; its index and its settings must not be the user's.
    """

    def __init__(self, dataset: Path, notes: Path, environment: Mapping[str, str]) -> None:
        self._arguments = ("view", str(dataset), "--no-browser", "--notes", str(notes))
        self._environment = environment
        self.start()

    def start(self) -> None:
        """Start it on a port that is free, and take the link that it prints."""
        self._process = subprocess.Popen(
            [_COMMAND, *self._arguments, "--port", "0"],
            stdout=subprocess.PIPE, text=True, env=self._environment,
        )  # fmt: skip
        assert self._process.stdout
        printed = iter(self._process.stdout.readline, "")
        self.link = next(line.strip() for line in printed if line.startswith("http://"))
        self.root = self.link.partition("/?token=")[0]

    def end(self) -> None:
        """End it as a user does, by Ctrl-C."""
        self._process.send_signal(signal.SIGINT)
        assert self._process.wait(_END_S) == 0
        assert self._process.stdout
        self._process.stdout.close()

    def restart(self) -> None:
        """End it, and start another, which has another port and token."""
        self.end()
        self.start()


@dataclass
class Seen:
    """What a tab did, and the tabs that it opened: dialogs, complaints of its console, requests."""

    dialogs: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    @staticmethod
    def of(context: BrowserContext) -> Seen:
        """What all tabs of a context will do."""
        seen = Seen()
        context.on("dialog", seen.dialog)
        context.on("weberror", seen.error)
        context.on("console", seen.console)
        context.on("request", seen.request)
        return seen

    def dialog(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def error(self, error: WebError) -> None:
        self.complaints.append(str(error.error))

    def console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.location['url']}: {message.text}")

    def request(self, request: Request) -> None:
        self.requests.append(request.url)

    def elsewhere(self, root: str) -> list[str]:
        """The requests that left the viewer."""
        return [url for url in self.requests if not url.startswith(f"{root}/")]


@dataclass
class Tab:
    """A tab that the viewer has let in."""

    page: Page
    root: str
    seen: Seen

    def open(self, path: str) -> None:
        """Go to a page of the viewer, which has to be there."""
        answer = self.page.goto(self.root + path)
        assert answer is not None
        assert answer.status == 200, f"{path}: {answer.text()[-300:]}"

    def crawl(self, most: int, starts: tuple[str, ...] = ("/", "/rejects")) -> Iterator[str]:
        """Open pages along their links, at most so many of each kind; paths with their queries."""
        todo, visited, kinds = list(starts), set[str](), Counter[str]()
        while todo:
            path = todo.pop(0)
            kind = kind_of(path)
            if path in visited or kinds[kind] >= most or kind in _NO_PAGES:
                continue
            kinds[kind] += 1
            visited.add(path)
            self.open(path)
            todo += self.page.evaluate(
                "() => [...document.links].filter(a => a.origin === location.origin)"
                ".map(a => a.pathname + a.search)"
            )
            yield path


def kind_of(path: str) -> str:
    """What a path leads to: `page`, `reject`, …; of lists the table, too."""
    parts = urlsplit(path)
    first = parts.path.split("/")[1] or "list"
    table = parts.query.partition("table=")[2].partition("&")[0]
    return f"{first} {table}" if first == "list" and table else first


@contextmanager
def opened(
    browser: Browser, viewer: Viewer, size: ViewportSize = WIDE, is_dark: bool = False
) -> Iterator[Tab]:
    """A tab of a browser without a past, at the first page of the viewer."""
    context = browser.new_context(
        viewport=size, color_scheme="dark" if is_dark else "light", reduced_motion="reduce"
    )
    context.set_default_timeout(_ANSWER_S * 1000)
    seen = Seen.of(context)
    page = context.new_page()
    page.goto(viewer.link)
    page.wait_for_url(f"{viewer.root}/")
    try:
        yield Tab(page, viewer.root, seen)
    finally:
        context.close()
