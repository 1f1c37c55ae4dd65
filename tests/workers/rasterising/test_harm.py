"""Time, memory and deaths of a child cost the page that is to blame, and no other."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import psutil
import pymupdf
from PIL import Image

from tests.builders import PROSE, add_page, write_pdf
from tests.hostile.probes import prepare_without_fence
from tests.hostile.processes import rasterising_children
from tests.workers.rasterising.rendering import (
    GIB,
    GREY,
    LIMITS,
    hang,
    open_rasterizer,
    reasons,
    render,
    settings,
)
from workers.rasterising.media_types import PDF
from workers.rasterising.rasterizer import Rasterizer
from workers.rasterising.settings import ChildLimits


def write_heavy_middle_page(path: Path) -> Path:
    with pymupdf.open() as document:
        for _ in range(3):
            add_page(document, PROSE)
        hang(document, 1)
        document.save(path, deflate=True)
    return path


def test_a_page_that_takes_too_long_costs_only_itself(tmp_path) -> None:
    path = write_heavy_middle_page(tmp_path / "heavy.pdf")
    with open_rasterizer(limits=ChildLimits(2, 3 * GIB)) as impatient:
        pages = render(impatient, path, 3)
    assert reasons(pages) == [None, "timeout", None]
    assert "not done after 2 s" in str(pages[1].error)


def test_a_page_that_outgrows_its_memory_costs_only_itself(tmp_path) -> None:
    # 14000 x 14000 pixels of one bit: 1 MiB of file, 748 MiB as RGB, and copies of it.
    Image.new("1", (14_000, 14_000)).save(tmp_path / "huge.png")
    path = write_pdf(tmp_path / "small.pdf", PROSE)
    with open_rasterizer(limits=ChildLimits(60, 3 * GIB // 2)) as bounded:
        assert reasons(render(bounded, tmp_path / "huge.png")) in (
            ["memory_limit"],
            ["native_crash"],
        )
        assert reasons(render(bounded, path)) == [None]


def test_pages_that_lack_memory_do_not_depend_on_those_before_them(tmp_path) -> None:
    frames = [GREY.convert("RGB"), Image.new("RGB", (13_000, 13_000)), GREY.convert("RGB")]
    path = tmp_path / "mixed.tiff"
    frames[0].save(path, save_all=True, append_images=frames[1:], compression="tiff_lzw")
    with open_rasterizer(limits=ChildLimits(60, 5 * GIB // 4)) as bounded:
        pages = render(bounded, path, 3)
    assert reasons(pages) == [None, "memory_limit", None]


def test_a_fence_that_cannot_be_set_up_is_a_warning_once(tmp_path, caplog) -> None:
    path = write_pdf(tmp_path / "small.pdf", PROSE)
    for _ in range(2):
        unfenced = Rasterizer(settings(), LIMITS, prepare_without_fence)
        assert (unfenced.count_pages(path, PDF), reasons(render(unfenced, path))) == (1, [None])
        unfenced.close()
    assert [record.message for record in caplog.records] == [
        "documents are opened with fewer restrictions: there is none here"
    ]


def has_open(process: psutil.Process, path: Path) -> bool:
    return str(path) in {file.path for file in process.open_files()}


def test_a_child_that_is_killed_costs_no_page_but_the_one_that_hangs(tmp_path) -> None:
    path = write_heavy_middle_page(tmp_path / "heavy.pdf")
    others = set(rasterising_children())
    killed = []

    def kill_at_the_heavy_page() -> None:
        child = None
        while child is None:
            time.sleep(0.01)
            started = set(rasterising_children()) - others
            child = next((p for p in started if has_open(p, path)), None)
        so_far = child.cpu_times().user
        while child.cpu_times().user < so_far + 0.4:  # the pages before it take 0.1 s
            time.sleep(0.01)
        os.kill(child.pid, signal.SIGKILL)
        killed.append(child.pid)

    killer = threading.Thread(target=kill_at_the_heavy_page, daemon=True)
    with open_rasterizer(limits=ChildLimits(5, 3 * GIB)) as watched:
        killer.start()
        assert reasons(render(watched, path, 3)) == [None, "timeout", None]
    killer.join(timeout=1)
    assert killed


def test_a_child_that_is_killed_while_it_counts_costs_no_document(tmp_path: Path) -> None:
    path, whole = tmp_path / "scan.png", tmp_path / "whole.png"
    Image.new("RGB", (40, 60), "white").save(whole)
    os.mkfifo(path)
    others = set(rasterising_children())

    def kill_at_the_open_file() -> None:
        while True:  # opening it fails until the child reads, which then waits for its bytes
            try:
                held = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
                break
            except OSError:
                time.sleep(0.01)
        os.replace(whole, path)
        for child in set(rasterising_children()) - others:
            child.kill()
        os.close(held)

    killer = threading.Thread(target=kill_at_the_open_file, daemon=True)
    with open_rasterizer() as watched:
        killer.start()
        assert watched.count_pages(path, "image/png") == 1
    killer.join(timeout=1)
    assert not whole.exists()
