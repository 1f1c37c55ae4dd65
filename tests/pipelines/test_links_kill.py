"""Kill a run, or a host's task, while a link's answer is on its way: what was whole is kept."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from cluster.session import open_session
from pipelines.run import run
from schemas.recipe import Recipe, parse_recipe
from tests.loopback import Exchange
from tests.pipelines.corpora import pdf, prose
from tests.pipelines.datasets import problems, rows, run_here
from tests.web import Web

BEFORE, HALF, AFTER = ("a.pdf", "b.pdf"), "half.pdf", ("c.pdf", "d.pdf")
NAMES = (*BEFORE, HALF, *AFTER)
TIMEOUT_S = 120


class HalfWeb(Web):
    """Sends the first half of one document, says so, and sends no more until the client is gone."""

    def __init__(self) -> None:
        super().__init__({name: pdf([prose(3000 + n)]) for n, name in enumerate(NAMES)})
        self.is_half_sent = threading.Event()
        self.answers[f"/{HALF}"] = self._half

    async def _half(self, exchange: Exchange) -> None:
        del self.answers[f"/{HALF}"]  # the next request gets it whole
        data = self.files[f"/{HALF}"]
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(data)}\r\n\r\n".encode()
        exchange.writer.write(head + data[: len(data) // 2])
        await exchange.writer.drain()
        self.is_half_sent.set()
        await asyncio.Event().wait()

    def conditions(self, name: str) -> tuple[bool, ...]:
        """Of each request for a document, whether it asks for another one than is known."""
        asked = [request for request in self.requests if request.path == f"/{name}"]
        return tuple("if-none-match" in request.headers for request in asked)


@pytest.fixture
def web() -> Iterator[HalfWeb]:
    with HalfWeb() as server:
        assert isinstance(server, HalfWeb)
        yield server


@pytest.fixture
def recipe(web: HalfWeb, tmp_path: Path) -> Recipe:
    (tmp_path / "list.txt").write_text(web.links())
    text = (
        f"dataset: {tmp_path}/data\nrouting: only\nsources:\n- documents: {tmp_path}/list.txt\n"
        f"  links: {{interval_s: 0, timeout_s: 60, networks: [127.0.0.0/8], kept: {tmp_path}/kept}}"
    )
    (tmp_path / "recipe.yaml").write_text(text)
    return parse_recipe(text)


def require_only_whole(folder: Path, web: Web, names: tuple[str, ...]) -> None:
    """The kept folder has these documents, and no part of any other."""
    bodies = {path.name: path.read_bytes() for path in (folder / "kept/bodies").iterdir()}
    assert all(hashlib.sha256(data).hexdigest() == name for name, data in bodies.items())
    assert set(bodies.values()) == {web.files[f"/{name}"] for name in names}
    assert len(list((folder / "kept/links").iterdir())) == len(names)


def require_done(folder: Path, web: HalfWeb) -> None:
    """Every link is a document, and none that was kept whole has come twice."""
    require_only_whole(folder, web, NAMES)
    assert problems(folder / "data") == ()
    documents = {row["source_uri"] for row in rows(folder / "data", "documents")}
    assert documents == {f"{web.root}/{name}" for name in NAMES}
    assert {name: web.conditions(name) for name in NAMES} == {
        **dict.fromkeys(BEFORE, (False, True)),
        HALF: (False, False),
        **dict.fromkeys(AFTER, (False,)),
    }
    assert web.body_bytes == sum(map(len, web.files.values()))


def test_a_run_that_is_killed_within_an_answer_goes_on(
    recipe: Recipe, web: HalfWeb, tmp_path: Path
) -> None:
    command = [str(Path(sys.executable).with_name("pagefoundry")), "run", "--ray", "in-process"]
    driver = subprocess.Popen(
        [*command, str(tmp_path / "recipe.yaml")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert web.is_half_sent.wait(TIMEOUT_S)
    finally:
        driver.kill()
        driver.wait()
    require_only_whole(tmp_path, web, BEFORE)
    run_here(recipe)
    require_done(tmp_path, web)


@pytest.mark.ray
def test_a_task_that_is_killed_within_an_answer_is_done_again(
    recipe: Recipe, web: HalfWeb, tmp_path: Path, local_ray: None
) -> None:
    killer = threading.Thread(target=_kill_when, args=(web.is_half_sent.wait, "ray::fetch_chunk"))
    killer.start()
    with open_session() as session:
        run(recipe, session, Console(file=io.StringIO()))
    killer.join(TIMEOUT_S)
    require_done(tmp_path, web)


def _kill_when(wait: Callable[[float], bool], name: str) -> None:
    """Kill the task with this name, in the Ray of this process, when the moment has come."""
    assert wait(TIMEOUT_S)
    for process in psutil.Process().children(recursive=True):
        if process.cmdline()[:1] == [name]:
            os.kill(process.pid, signal.SIGKILL)
