"""A dataset of a million rows to look at, made in minutes: real tables, made rows.

The functions that write parts and commits get rows as a run would publish them: ten pages a
document, all shuffled, texts of about 1 kB whose words are as unequally frequent as those of a
language, eight languages, one text in twenty Chinese, tiny pictures. Three rows in a hundred are
duplicates with a keeper. Signatures are null: nothing that is looked at reads them.

    build(1_000_000, Path("million"))
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from PIL import Image, ImageDraw

from pipelines.version.metadata import settings_of
from schemas.ids import crop_id, page_id
from schemas.recipe import Raster, parse_recipe
from schemas.tables import SCHEMAS, TABLES
from workers.dataset import PartFile, commit_parts, ensure_table, write_part
from workers.rasterising import pictures

PAGES_PER_DOCUMENT = 10
ROWS_PER_PART, ROWS_PER_GROUP = 50_000, 5_000
DUPLICATES, CROPS, CONVERSATIONS = 0.03, 0.02, 0.01
RARE, RARE_EVERY = "quokka", 400_000
PHRASE = "kiln glaze"
CHINESE = "窑釉"
LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "zh", "ru")
LICENSES = (None, "CC-BY-4.0", "CC0-1.0", "Apache-2.0")
ENGINES = ("pymupdf", "rapidocr", "deepseek-ocr")
REASONS = (("raster", "corrupt"), ("quality", "blank"), ("read", "loop"), ("trust", "untrusted"))

_SENTENCES, _WORDS = 50_000, 30_000


class Texts:
    """Texts by the numbers of their pages: eight of some sentences, of words in Zipf's law."""

    def __init__(self, sentences: int) -> None:
        rng = np.random.default_rng(0)
        letters = np.array(list("etaoinshrdlucmfwypvbgkjqxz"))
        lengths = rng.integers(2, 12, _WORDS)
        words = ["".join(letters[np.minimum(rng.zipf(1.4, n) - 1, 25)]) for n in lengths]
        words[:2] = ["the", "of"]
        words[600:602] = ["kiln", "glaze"]
        shares = 1 / np.arange(1, _WORDS + 1)
        drawn = rng.choice(_WORDS, (sentences, 22), p=shares / shares.sum())
        self._sentences = [" ".join(words[w] for w in s).capitalize() + "." for s in drawn.tolist()]
        for number in range(0, sentences, 100):
            self._sentences[number] += f" They spoke of {PHRASE} at length."
        signs = rng.integers(0x4E00, 0x5E00, (2_000, 40)).tolist()
        self._chinese = ["".join(map(chr, s)) + "。" for s in signs]
        for number in range(0, 2_000, 50):
            self._chinese[number] += CHINESE + "。"

    def of(self, page: int) -> str:
        """The text of a page."""
        chosen = [(page * 8 + i) * 2654435761 % 2**32 for i in range(8)]
        if page % 20 == 0:
            return "\n".join(self._chinese[number % 2_000] for number in chosen)
        rare = f"\nA {RARE} was seen." if page % RARE_EVERY == RARE_EVERY // 2 + 1 else ""
        return "\n".join(self._sentences[number % len(self._sentences)] for number in chosen) + rare


def build(
    rows: int,
    folder: Path,
    rows_per_part: int = ROWS_PER_PART,
    rows_per_group: int = ROWS_PER_GROUP,
    longest_edge_px: int = 50,
    is_refreshed: bool = False,
) -> str:
    """Make the dataset, unless it exists. Returns its address.

    Where it is refreshed, an earlier version lacks the last part of the pages.
    """
    dataset, done = str(folder / "data"), folder / "made"
    if done.exists():
        return dataset
    maker = _Maker(rows, dataset, rows_per_part, rows_per_group, longest_edge_px)
    parts = {name: maker.parts(name) for name in TABLES}
    for table in TABLES:
        ensure_table(dataset, table)
    versions = {name: commit_parts(dataset, name, parts[name]).version for name in TABLES[:-1]}
    counts = {name: sum(part.rows for part in parts[name]) for name in TABLES}
    recipe = parse_recipe(f"dataset: {dataset}\nsources: [{{documents: {folder}/corpus}}]")
    metadata = {
        "versions": versions, "run_id": "0" * 32, "counts": counts, "rejects": {}, "mix": {},
        "changes": {}, **settings_of(recipe),
    }  # fmt: skip
    for pages in (*([parts["pages"][:-1]] if is_refreshed else []), parts["pages"]):
        counted = counts | {"pages": sum(part.rows for part in pages)}
        commit_parts(dataset, "pages", pages, metadata | {"counts": counted})
    done.touch()
    return dataset


class _Maker:
    """The rows of each table. Pages are numbered in the order of their documents."""

    def __init__(
        self,
        rows: int,
        dataset: str,
        rows_per_part: int,
        rows_per_group: int,
        longest_edge_px: int,
    ) -> None:
        self._dataset = dataset
        self._rows_per_part, self._rows_per_group = rows_per_part, rows_per_group
        self._texts = Texts(min(_SENTENCES, 10 * rows))
        self._rng = np.random.default_rng(1)
        documents = -(-rows // PAGES_PER_DOCUMENT)
        self._ids = [hashlib.sha256(str(n).encode()).hexdigest() for n in range(documents)]
        self._order = self._rng.permutation(rows)
        self._pictures = [_picture(number, longest_edge_px) for number in range(64)]

    def parts(self, table: str) -> list[PartFile]:
        """Write the parts of a table."""
        order = self._order
        few = {"crops": CROPS, "conversations": CONVERSATIONS, "rejects": DUPLICATES}
        numbers = order[: int(len(order) * few.get(table, 1.0))]
        if table in ("documents", "inventory"):
            numbers = np.arange(len(self._ids))
        rows_of = getattr(self, f"_{table}")
        # A document's text is that of ten pages.
        most = self._rows_per_group
        at_once = max(1, most // 10) if table == "documents" else most
        groups = (
            rows_of(numbers[start : start + at_once]) for start in range(0, len(numbers), at_once)
        )
        return list(self._written(table, groups))

    def _written(self, table: str, groups: Iterator[dict[str, Any]]) -> Iterator[PartFile]:
        waiting: list[pa.Table] = []
        for group in groups:
            waiting.append(_completed(table, group))
            if sum(rows.num_rows for rows in waiting) >= self._rows_per_part:
                yield write_part(self._dataset, table, waiting)
                waiting = []
        if waiting:
            yield write_part(self._dataset, table, waiting)

    def _keys(self, numbers: npt.NDArray[np.int64]) -> dict[str, Any]:
        documents = (numbers // PAGES_PER_DOCUMENT).tolist()
        names = [self._ids[number] for number in documents]
        indices = (numbers % PAGES_PER_DOCUMENT).tolist()
        return {
            "page_id": [page_id(name, index) for name, index in zip(names, indices, strict=True)],
            "doc_id": names,
            "page_index": indices,
            **_origin(documents),
        }

    def _pages(self, numbers: npt.NDArray[np.int64]) -> dict[str, Any]:
        texts = [self._texts.of(number) for number in numbers.tolist()]
        images = [self._pictures[number % 64] for number in numbers.tolist()]
        keys = self._keys(numbers)
        return {
            **keys,
            "image": [
                {"bytes": b, "path": k} for b, k in zip(images, keys["page_id"], strict=True)
            ],
            "width": [900] * len(numbers),
            "height": [1280] * len(numbers),
            "text": texts,
            "text_source": _words(numbers, ("text_layer", "ocr"), 7),
            "engine": _words(numbers, ENGINES, 11),
            "model": ["made"] * len(numbers),
            "model_revision": ["1"] * len(numbers),
            "mode": ["base"] * len(numbers),
            "task": ["markdown"] * len(numbers),
            "vision_tokens": [256] * len(numbers),
            "output_tokens": [300] * len(numbers),
            "compression": [1.5] * len(numbers),
            "rotation": [0] * len(numbers),
            "is_fallback": [False] * len(numbers),
            "blocks": [_blocks(text) for text in texts],
            **self._measured(numbers),
            "findings": [_findings(number) for number in numbers.tolist()],
        }

    def _measured(self, numbers: npt.NDArray[np.int64]) -> dict[str, Any]:
        scores = self._rng.beta(8, 2, len(numbers)).tolist()
        coverage = self._rng.beta(20, 1, len(numbers)).tolist()
        return {
            "language": _words(numbers, LANGUAGES, 3),
            "language_score": [0.9] * len(numbers),
            "quality": [{"score": s, "coverage": c} for s, c in zip(scores, coverage, strict=True)],
            "text_tokens": self._rng.integers(20, 900, len(numbers)).tolist(),
        }

    def _rejects(self, numbers: npt.NDArray[np.int64]) -> dict[str, Any]:
        keepers = self._rng.choice(self._order, len(numbers))
        kept = self._keys(keepers)["page_id"]
        other = (numbers % 10 == 0).tolist()
        why = [
            REASONS[number // 10 % len(REASONS)] if is_other else ("dedup", "duplicate")
            for number, is_other in zip(numbers.tolist(), other, strict=True)
        ]
        return {
            **self._keys(numbers),
            "level": ["page"] * len(numbers),
            "stage": [stage for stage, _ in why],
            "reason": [reason for _, reason in why],
            "kept_id": [None if o else k for o, k in zip(other, kept, strict=True)],
            "similarity": [None if o else 0.9 for o in other],
            **self._measured(numbers),
        }

    def _crops(self, numbers: npt.NDArray[np.int64]) -> dict[str, Any]:
        keys = self._keys(numbers)
        ids = [crop_id(page, 0) for page in keys["page_id"]]
        return {
            **keys,
            "crop_id": ids,
            "image": [{"bytes": self._pictures[0], "path": f"{key}.jpg"} for key in ids],
            "label": _words(numbers, ("figure", "table", "formula"), 5),
            "bbox": [[0.1, 0.1, 0.5, 0.5]] * len(ids),
            "width": [400] * len(ids),
            "height": [300] * len(ids),
            "text": ["a kiln"] * len(ids),
            "text_tokens": [3] * len(ids),
        }

    def _conversations(self, numbers: npt.NDArray[np.int64]) -> dict[str, Any]:
        image = {"bytes": self._pictures[0], "path": "turn.jpg"}
        return {
            **self._keys(numbers),
            "images": [[image, image]] * len(numbers),
            "text": [self._texts.of(number) for number in numbers.tolist()],
            **self._measured(numbers),
        }

    def _documents(self, numbers: npt.NDArray[np.int64]) -> dict[str, Any]:
        indices = list(range(PAGES_PER_DOCUMENT))
        texts, offsets = [], []
        for number in numbers.tolist():
            pages = [self._texts.of(number * PAGES_PER_DOCUMENT + index) for index in indices]
            lengths = np.array([0, *(len(page) + 2 for page in pages[:-1])])
            texts.append("\n\n".join(pages))
            offsets.append(np.cumsum(lengths).tolist())
        return {
            "doc_id": [self._ids[number] for number in numbers.tolist()],
            **_origin(numbers.tolist()),
            "page_count": [PAGES_PER_DOCUMENT] * len(texts),
            "text": texts,
            "page_indices": [indices] * len(texts),
            "page_offsets": offsets,
            "text_tokens": [2_000] * len(texts),
            "language": _words(numbers, LANGUAGES, 3),
            "quality_score": self._rng.beta(8, 2, len(texts)).tolist(),
        }

    def _inventory(self, numbers: npt.NDArray[np.int64]) -> dict[str, Any]:
        origin = _origin(numbers.tolist())
        return {
            "doc_id": [self._ids[number] for number in numbers.tolist()],
            "uris": [[{"uri": uri, "size": 1, "version": "1"}] for uri in origin["source_uri"]],
            "source": origin["source"],
            "media_type": ["application/pdf"] * len(numbers),
            "size": [1] * len(numbers),
            "page_count": [PAGES_PER_DOCUMENT] * len(numbers),
        }


def _origin(documents: Sequence[int]) -> dict[str, Any]:
    licenses = [LICENSES[number % len(LICENSES)] for number in documents]
    return {
        "source_uri": [f"corpus/{n % 300:03d}/{n:07d}.pdf" for n in documents],
        "source": [None if word is None else {"license": word} for word in licenses],
    }


def _words(numbers: npt.NDArray[np.int64], words: Sequence[str], salt: int) -> list[str]:
    return [words[(number * salt) % 97 % len(words)] for number in numbers.tolist()]


def _blocks(text: str) -> list[dict[str, Any]]:
    lines = text.split("\n")
    return [
        {"label": "text", "bbox": [0.1, i / 20, 0.9, (i + 1) / 20], "text": line}
        for i, line in enumerate(lines)
    ]


def _findings(number: int) -> list[dict[str, Any]] | None:
    if number % 50:
        return None
    return [
        {"policy": "pii", "kind": "email", "action": "mask", "start": 0, "end": 3, "certainty": 1.0}
    ]


def _picture(number: int, longest_edge_px: int) -> bytes:
    """A page with a bar; a large one has as much noise as makes a page of print."""
    width, height = longest_edge_px * 7 // 10, longest_edge_px
    picture = Image.new("RGB", (width, height), (255 - number, 255, 255))
    if longest_edge_px > 500:
        picture.paste(Image.effect_noise((width, height // 3), 60), (0, height // 3))
    ImageDraw.Draw(picture).rectangle((4, 4, width - 6, 4 + number % 40), fill="black")
    return pictures.encode(picture, Raster())


def _completed(table: str, columns: dict[str, Any]) -> pa.Table:
    """A table of these columns; those that are missing are null."""
    schema = SCHEMAS[table]
    rows = len(columns["doc_id"])
    arrays = [
        pa.array(columns[field.name], field.type)
        if field.name in columns
        else pa.nulls(rows, field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)
