"""On the CPU device values are computed once, by the thread that first waits, and not copied."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from workers.engines.ppocr.clock import LAUNCHING, Clock
from workers.engines.ppocr.transfers import Fetched, Streams, send

CPU = torch.device("cpu")


def test_values_are_computed_once_where_they_are_first_waited_for() -> None:
    computed_in: list[int] = []

    def compute() -> tuple[torch.Tensor, ...]:
        computed_in.append(threading.get_ident())
        return (torch.arange(3), torch.ones(2))

    fetched = Fetched(compute, is_cuda=False)
    assert computed_in == []
    with ThreadPoolExecutor(4) as pool:
        results = [future.result() for future in [pool.submit(fetched.wait) for _ in range(8)]]
    assert len(computed_in) == 1
    assert threading.get_ident() not in computed_in
    for first, second in results:
        assert (first.tolist(), second.tolist()) == ([0, 1, 2], [1, 1])


def test_an_error_reaches_everyone_who_waits() -> None:
    def compute() -> tuple[torch.Tensor, ...]:
        raise torch.OutOfMemoryError("full")

    fetched = Fetched(compute, is_cuda=False)
    for _ in range(2):
        with pytest.raises(torch.OutOfMemoryError):
            fetched.wait()


def test_a_page_on_the_cpu_is_the_same_memory() -> None:
    pixels = np.zeros((4, 5, 3), np.uint8)
    page = Streams(CPU).send_page(pixels)
    pixels[2, 3] = 7
    assert page[2, 3].tolist() == [7, 7, 7]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_values_arrive_from_a_stream_on_cuda() -> None:
    streams = Streams(torch.device("cuda"))
    pixels = np.arange(1000, dtype=np.uint8)
    page = streams.send_page(pixels)
    with streams.detection():
        doubled = Fetched(lambda: (page.int() * 2,), is_cuda=True)
    with streams.recognition():
        sizes = send(np.array([3, 4]), torch.device("cuda"))
        summed = Fetched(lambda: (page.int() + sizes.sum(),), is_cuda=True)
    np.testing.assert_array_equal(doubled.wait()[0], pixels.astype(int) * 2)
    np.testing.assert_array_equal(summed.wait()[0], pixels.astype(int) + 7)


def test_a_clock_tells_the_host_from_the_device() -> None:
    clock = Clock(is_cuda=False)
    with clock.host("decoding"):
        sum(range(1000))
    with clock.device("detection"):
        sum(range(1000))
    assert set(clock.host_ms) == {"decoding"}
    assert set(clock.device_ms()) == {"detection"}
    assert clock.host_ms["decoding"] > 0
    clock.restart()
    assert not clock.host_ms
    assert not clock.device_ms()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_clock_measures_the_device_by_its_events() -> None:
    clock = Clock(is_cuda=True)
    clock.restart(has_events=True)
    with clock.device("detection"):
        torch.ones(1000, 1000, device="cuda") @ torch.ones(1000, 1000, device="cuda")
    assert set(clock.host_ms) == {LAUNCHING}
    assert clock.device_ms()["detection"] > 0
