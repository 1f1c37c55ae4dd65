"""The stages of a born-digital page's way, timed where modules of ours name their functions.

A stage is a list of functions; its time is that of its functions without the time of the stages
that they call.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

REST = "the rest"

STAGES = {
    "open": ("workers.rasterising.render:_opened", "pymupdf:Document.load_page"),
    "MuPDF's text": (
        "pymupdf:Page.get_text",
        "pymupdf:Page.get_textpage",
        "pymupdf:Page.get_bboxlog",
        "pymupdf:TextPage.extractDICT",
        "pymupdf:TextPage.extractRAWDICT",
        "workers.textlayer.display_list:display_list",
        "workers.textlayer.display_list:read",
    ),
    "text layer": ("workers.textlayer.layer:extract", "workers.textlayer.content:first_read"),
    "models": ("onnxruntime:InferenceSession.run",),
    "drawing": ("workers.rasterising.drawing:draw_pdf_page",),
    "encoding": ("workers.rasterising.pictures:encode",),
    "ink, image hash": (
        "PIL.Image:Image.convert",
        "workers.rasterising.drawing:ink_share",
        "workers.text.signatures:image_hash",
    ),
    "language": ("workers.text.languages:language",),
    "tokens": ("workers.text.measures:count_tokens",),
    "quality": ("workers.text.quality:measure",),
    "words, shingles, MinHash": (
        "workers.text.signatures:words",
        "workers.text.signatures:shingle_hashes",
        "workers.text.signatures:minhash",
        "workers.text.signatures:text_hash",
    ),
}
"""The functions of each stage, as `module:name` or `module:Class.method`."""


@dataclass(slots=True)
class Meter:
    """CPU seconds by stage. The time of a stage excludes that of the stages inside it."""

    spent: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    running: list[str] = field(default_factory=lambda: [REST])
    since_s: float = 0.0

    def start(self) -> None:
        """Begin to count; what runs in no stage is `the rest`."""
        self.spent.clear()
        self.since_s = time.process_time()

    def stop(self) -> dict[str, float]:
        """Seconds by stage since `start`."""
        self._turn()
        return dict(self.spent)

    def _turn(self) -> None:
        now_s = time.process_time()
        self.spent[self.running[-1]] += now_s - self.since_s
        self.since_s = now_s

    def timed(self, function: Callable[..., Any], stage: str) -> Callable[..., Any]:
        """`function`, with its time booked on `stage`."""

        @functools.wraps(function)
        def counted(*args: Any, **options: Any) -> Any:
            self._turn()
            self.running.append(stage)
            try:
                return function(*args, **options)
            finally:
                self._turn()
                self.running.pop()

        return counted


@contextlib.contextmanager
def stages_timed(meter: Meter) -> Iterator[None]:
    """Put timed functions in the place of the stages' own, wherever a module of ours names them."""
    changed: list[tuple[object, str, object]] = []
    for stage, functions in STAGES.items():
        for address in functions:
            module_name, _, path = address.partition(":")
            *owners, name = path.split(".")
            module = importlib.import_module(module_name)
            function = getattr(functools.reduce(getattr, owners, module), name)
            timed = meter.timed(function, stage)
            owner = functools.reduce(getattr, owners, module)
            # A method may be that of a class above.
            classes = [*owner.__mro__] if isinstance(owner, type) else []
            places = classes or _modules_of_ours()
            for place in places:
                for key, value in list(vars(place).items()):
                    if value is function:
                        changed.append((place, key, function))
                        setattr(place, key, timed)
    try:
        yield
    finally:
        for place, key, function in changed:
            setattr(place, key, function)


def _modules_of_ours() -> list[object]:
    return [m for name, m in sys.modules.items() if name.startswith("workers.")]
