"""What the lines of a born-digital page are, by the graph model that the `pymupdf` wheel ships.

Owns loading `layout_rf2.4.1.onnx` and its inputs: boxes of lines, MuPDF's features of each, a
pattern of its characters, and the edges between neighbours. The functions that compute them are
the wheel's own (`pymupdf.layout`): the model was trained on
them, so copies would drift. No pixels are looked at. On one thread a page takes about 40 ms; the
model with image features takes 300 and the segmentation of `regions` 190.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime as ort
import pymupdf
import yaml
from numpy.typing import NDArray
from pymupdf import features as mupdf_features
from pymupdf.layout import common_util, pymupdf_util_edge

from schemas.pages import Box
from workers.layout.wheel_models import open_model, wheel_file

_MODEL = "layout_rf2.4.1.onnx"
_LABELS = {
    **{"text": "paragraph", "title": "title", "picture": "figure", "table": "table"},
    **{"list-item": "list", "page-header": "running_head", "page-footer": "running_foot"},
    **{"section-header": "heading", "footnote": "footnote", "caption": "caption"},
    "formula": "formula",
}
# What the model was trained with, but TEXT_COLLECT_STYLES: MuPDF takes 54 s for it on a page of
# 100,000 rectangles.
_FLAGS = (
    pymupdf.TEXT_PRESERVE_IMAGES
    | pymupdf.TEXT_PRESERVE_WHITESPACE
    | pymupdf.TEXT_PRESERVE_LIGATURES
    | pymupdf.TEXT_ACCURATE_BBOXES
    | pymupdf.TEXT_COLLECT_VECTORS
    | pymupdf.TEXT_SEGMENT
    | pymupdf.TEXT_PARAGRAPH_BREAK
    | pymupdf.TEXT_COLLECT_STRUCTURE
    | pymupdf.TEXT_TABLE_HUNT
    | pymupdf.TEXT_LAZY_VECTORS
    | pymupdf.TEXT_CLIP
    | pymupdf.TEXT_FUZZY_VECTORS
)
_OWN_FEATURES = (
    *("num_ratio", "is_text", "is_vector", "is_image", "is_hline_vector", "is_vline_vector"),
)
"""Those that MuPDF does not measure: the first of the model's inputs, in their order."""
_SYMBOLS = "•-*+<>()→✓#□■‣◦▪.:※"
_PATTERN_CHARS = 20
_SAME_GROUP = 0.55  # the probability above which the wheel's own code joins two lines
MAX_BOXES = 600
"""Its edges come from matrices of boxes by boxes; a page with more lines is not looked at."""


@dataclass(frozen=True, slots=True)
class TextBox:
    """A line, in MuPDF's coordinates: its label and how sure that is; lines of one `group` belong
    together."""

    box: Box
    label: str
    confidence: float
    group: int


class TextBoxModel:
    """Labels the lines of open pages; loads its model at the first page. Uses one thread."""

    def boxes(self, page: pymupdf.Page) -> tuple[TextBox, ...]:
        """The lines of the page; none where there are too many. Raises NoEngineError where the
        model cannot be loaded."""
        textpage = page.get_textpage(flags=_FLAGS)
        found: dict[str, list[Any]] = {"bboxes": [], "text": []}
        _collect(found, textpage.extractDICT()["blocks"], page.rect)
        boxes, texts = found["bboxes"], found["text"]
        if not 1 < len(boxes) <= MAX_BOXES:
            return ()
        places = np.array(boxes, dtype=np.float32)
        edges = pymupdf_util_edge.build_edge_index(places)
        node_logits, edge_logits = self._session.run(
            None,
            {
                "x": np.asarray(common_util.get_boxes_transform(boxes), np.float32),
                "edge_index": np.array(edges, np.int64).T,
                "edge_attr": np.asarray(
                    pymupdf_util_edge.get_edge_attr(places, edges, "SEO"), np.float32
                ),
                "rf_features": self._features(textpage, boxes, texts),
                "k": np.array(min(len(boxes), 20), np.int64),
                "text_patterns": np.array([text_pattern(text) for text in texts], np.float32),
                "batch": np.zeros(len(boxes), np.int64),
            },
        )
        shares = _softmax(node_logits)
        groups = _groups(len(boxes), edges, _softmax(edge_logits)[:, 1] > _SAME_GROUP)
        return tuple(
            TextBox(tuple(box), _LABELS[self._names[int(row.argmax())]], float(row.max()), group)
            for box, row, group in zip(boxes, shares, groups, strict=True)
        )

    def _features(
        self, textpage: pymupdf.TextPage, boxes: Sequence[Box], texts: Sequence[str]
    ) -> NDArray[np.float32]:
        rows: list[list[float]] = []
        for box, text in zip(boxes, texts, strict=True):
            region = pymupdf.mupdf.FzRect(*box)
            measured = mupdf_features.fz_features_for_region(textpage, region, 0)
            digits = sum(map(str.isdigit, text)) / len(text)
            # A measure of `this` takes 0.04 µs, of the proxy around it 0.6; there are a hundred.
            values = [measure(measured.this) for measure in self._measures]
            rows.append([digits, 1.0, 0.0, 0.0, 0.0, 0.0, *values])
        return np.array(rows, dtype=np.float32)

    @functools.cached_property
    def _measures(self) -> list[Callable[[Any], float]]:
        """What gets each of MuPDF's features, in the model's order."""
        names = [name for name in self._inputs if name not in _OWN_FEATURES]
        return [getattr(mupdf_features.fz_feature_stats, name).fget for name in names]

    @functools.cached_property
    def _settings(self) -> dict[str, Any]:
        path = wheel_file(_MODEL).with_suffix(".yaml")
        settings: dict[str, Any] = yaml.safe_load(path.read_text())["data"]
        return settings

    @functools.cached_property
    def _inputs(self) -> list[str]:
        return list(self._settings["rf_names"])

    @functools.cached_property
    def _names(self) -> list[str]:
        return list(self._settings["class_list"])

    @functools.cached_property
    def _session(self) -> ort.InferenceSession:
        return open_model(_MODEL, threads=1)


@functools.lru_cache(maxsize=1)
def shared_text_box_model() -> TextBoxModel:
    """This process's model."""
    return TextBoxModel()


def _collect(found: dict[str, list[Any]], blocks: Sequence[Any], page: pymupdf.Rect) -> None:
    """The lines with text on the page, in the model's order; blocks nest where PDFs have tags."""
    for block in blocks:
        if block["type"] == 2:
            _collect(found, block["blocks"], page)
        for line in block["lines"] if block["type"] == 0 else ():
            x0, y0, x1, y1 = line["bbox"]
            text = " ".join(span["text"] for span in line["spans"]).strip()
            is_there = x1 >= 0 and x0 <= min(x1, page.x1) and y1 >= 0 and y0 <= min(y1, page.y1)
            if text and is_there:
                found["bboxes"].append([x0, y0, x1, y1])
                found["text"].append(text)


def text_pattern(text: str) -> list[float]:
    """What kinds of characters follow each other, as the model reads it.

    A run of letters, digits, spaces, one symbol or other signs is a code and the digits of its
    length. Codes are written as two octal digits, each divided by 8; 20 codes are read.
    """
    codes: list[int] = []
    for code, run in itertools.groupby(text, _kind):
        codes += [code, *map(int, str(sum(1 for _ in run)))]
        if len(codes) >= _PATTERN_CHARS:
            break
    codes = codes[:_PATTERN_CHARS] + [0] * (_PATTERN_CHARS - len(codes))
    return [digit / 8 for code in codes for digit in divmod(code, 8)]


@functools.lru_cache(maxsize=4096)
def _kind(char: str) -> int:
    if char in _SYMBOLS:
        return 14 + _SYMBOLS.index(char)
    if char.isspace():
        return 13
    if char.isdigit():
        return 11
    return 10 if char.isalnum() else 12


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: NDArray[np.float32] = powers / powers.sum(axis=1, keepdims=True)
    return shares


def _groups(count: int, edges: Sequence[tuple[int, int]], joined: NDArray[np.bool_]) -> list[int]:
    """The group of each box: boxes that joined edges connect."""
    parents = list(range(count))

    def root(i: int) -> int:
        while parents[i] != i:
            parents[i] = parents[parents[i]]
            i = parents[i]
        return i

    for (a, b), is_joined in zip(edges, joined, strict=True):
        if is_joined:
            parents[root(a)] = root(b)
    return [root(i) for i in range(count)]
