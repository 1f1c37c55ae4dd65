"""What it costs a replica to follow the answers of servers: CPU time of a page, by events.

    python -m tests.benchmarks.endpoint [--pages 40] [--tokens 1050]

The server is another process. Its answers have one token an event, as by default, and ten, as with
vLLM's `--stream-interval 10`; each token comes with its probability. A page is 150 kB.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import time

import numpy as np
from PIL import Image

from schemas.pages import PageImage
from schemas.recipe import EngineSpec
from tests.chat_server import MODEL, ChatServer, Script
from workers.engines.endpoint.engine import load_endpoint

WIDTH, HEIGHT = 300, 420


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=40)
    parser.add_argument("--tokens", type=int, default=1050)
    parser.add_argument("--serve", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.tokens, options.serve)
        return
    for interval in (1, 10):
        command = [sys.executable, "-m", "tests.benchmarks.endpoint"]
        command += ["--serve", str(interval), "--tokens", str(options.tokens)]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as server:
            assert server.stdout is not None
            cpu_s, wall_s = measure(server.stdout.readline().strip(), options.pages)
            server.communicate()  # its input ends, and so does the server
        print(
            f"{interval:2} tokens an event: {1000 * cpu_s / options.pages:5.1f} ms of CPU a page, "
            f"{options.pages / cpu_s:5.1f} pages/s and core; {options.pages / wall_s:.1f} pages/s "
            "here, with the server beside it"
        )


def serve(tokens: int, interval: int) -> None:
    """Serve until the input ends."""
    answer = Script([f" w{number}" for number in range(tokens)])
    with ChatServer(lambda image, request: answer, interval=interval) as server:
        print(server.url, flush=True)
        sys.stdin.read()


def measure(url: str, count: int) -> tuple[float, float]:
    """CPU and wall seconds of a call."""
    noise = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(noise).save(out, "JPEG", quality=95)
    pages = [PageImage(f"page {n}", out.getvalue(), WIDTH, HEIGHT) for n in range(count)]
    engine = load_endpoint(EngineSpec(name="endpoint", urls=(url,), model=MODEL, prompt="Read."))
    cpu_s, wall_s = time.process_time(), time.perf_counter()
    readings = engine.read(pages)
    cpu_s, wall_s = time.process_time() - cpu_s, time.perf_counter() - wall_s
    engine.fleet.close()
    assert all(reading.error is None for reading in readings)
    return cpu_s, wall_s


if __name__ == "__main__":
    main()
