"""The tables of a dataset as explicit Arrow schemas.

Only types that Delta Lake has are used (signed integers, binary, lists, structs), so a part's
Parquet schema and the table's Delta schema agree. `SCHEMA_VERSION` is part of the recipe digest:
raise it whenever the meaning of a column changes.
"""

from __future__ import annotations

import json

import pyarrow as pa

SCHEMA_VERSION = 5

TABLES = ("inventory", "rejects", "documents", "crops", "conversations", "pages")
"""In commit order: the `pages` commit is the moment of publication."""

KEYS = {
    "documents": "doc_id",
    "crops": "crop_id",
    "conversations": "page_id",
    "pages": "page_id",
}
"""The key column of each table: its values are unique."""

_BBOX = pa.list_(pa.float32())
CELL = pa.struct(
    [
        ("row", pa.int32()),
        ("column", pa.int32()),
        ("rows", pa.int32()),
        ("columns", pa.int32()),
        ("bbox", _BBOX),
        ("text", pa.string()),
    ]
)
BLOCK = pa.struct(
    [
        ("label", pa.string()),
        ("bbox", _BBOX),
        ("text", pa.string()),
        ("confidence", pa.float32()),
        ("cells", pa.list_(CELL)),
    ]
)
ATTEMPT = pa.struct(
    [
        ("engine", pa.string()),
        ("mode", pa.string()),
        ("outcome", pa.string()),
        ("guard", pa.string()),
        ("rotation", pa.int32()),
    ]
)
QUALITY = pa.struct(
    [
        ("score", pa.float32()),
        ("confidence", pa.float32()),
        ("repetition", pa.float32()),
        ("symbol_share", pa.float32()),
        ("ink_share", pa.float32()),
        ("cleaned_chars", pa.int32()),
        ("coverage", pa.float32()),
    ]
)
HEURISTICS = pa.struct(
    [
        ("words", pa.int32()),
        ("mean_word_length", pa.float32()),
        ("letter_share", pa.float32()),
        ("capital_share", pa.float32()),
        ("stop_words", pa.int32()),
        ("stop_word_share", pa.float32()),
        ("digit_share", pa.float32()),
        ("lines", pa.int32()),
        ("table_share", pa.float32()),
        ("mean_line_length", pa.float32()),
        ("short_line_share", pa.float32()),
        ("bullet_share", pa.float32()),
        ("ellipsis_share", pa.float32()),
        ("punctuated_share", pa.float32()),
        ("duplicate_line_share", pa.float32()),
    ]
)
"""A `schemas.heuristics.HeuristicsRow`; null where an earlier release wrote the row."""
HIDDEN = pa.struct(
    [
        ("share", pa.float32()),
        ("ways", pa.list_(pa.string())),
        ("fragments", pa.list_(pa.string())),
    ]
)
"""A `schemas.hidden_text.HiddenText`; null for a page without a text layer."""
IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
SOURCE = pa.struct(
    [
        ("container", pa.string()),
        ("url", pa.string()),
        ("fetched", pa.string()),
        ("title", pa.string()),
        ("author", pa.string()),
        ("language", pa.string()),
        ("license", pa.string()),
        ("license_from", pa.string()),
        ("reserved", pa.string()),
    ]
)
"""A `schemas.provenance.Provenance`; null where nothing is known of a document."""

FINDING = pa.struct(
    [
        ("policy", pa.string()),
        ("kind", pa.string()),
        ("action", pa.string()),
        ("start", pa.int32()),
        ("end", pa.int32()),
        ("certainty", pa.float32()),
        ("detail", pa.string()),
    ]
)
"""A `schemas.findings.FindingRow`."""

ADDED = (
    "source", "own", "findings", "hidden", "heuristics", "trainer_tokens", "copies", "split",
)  # fmt: skip
"""Columns that parts of an earlier release lack: they are read as null there."""

ADDED_TO_REJECTS = ("language", "language_score")
"""The same, of `rejects` alone."""

MESSAGE = pa.struct(
    [
        ("role", pa.string()),
        ("content", pa.list_(pa.struct([("type", pa.string()), ("text", pa.string())]))),
    ]
)
TURN = pa.struct(
    [
        ("turn", pa.int32()),
        ("role", pa.string()),
        ("age", pa.int64()),
        ("mode", pa.string()),
        ("text", pa.string()),
        ("text_tokens", pa.int32()),
        ("images", pa.list_(pa.int32())),
    ]
)
SHOWN = pa.struct(
    [
        ("mode", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("vision_tokens", pa.int32()),
        ("text", pa.string()),
        ("bytes", pa.int32()),
    ]
)


def _with_pictures(**features: object) -> dict[str, str]:
    return {"huggingface": json.dumps({"info": {"features": features}})}


_HUGGINGFACE = _with_pictures(image={"_type": "Image"})

_READING_FIELDS = [
    pa.field("width", pa.int32()),
    pa.field("height", pa.int32()),
    pa.field("rotation", pa.int32()),
    pa.field("text", pa.string()),
    pa.field("text_source", pa.string()),
    pa.field("task", pa.string()),
    pa.field("engine", pa.string()),
    pa.field("model", pa.string()),
    pa.field("model_revision", pa.string()),
    pa.field("mode", pa.string()),
    pa.field("blocks", pa.list_(BLOCK)),
    pa.field("vision_tokens", pa.int32()),
    pa.field("output_tokens", pa.int32()),
    pa.field("text_tokens", pa.int32()),
    pa.field("compression", pa.float32()),
    pa.field("language", pa.string()),
    pa.field("language_score", pa.float32()),
    pa.field("quality", QUALITY),
    pa.field("heuristics", HEURISTICS),
    pa.field("hidden", HIDDEN),
    pa.field("attempts", pa.list_(ATTEMPT)),
    pa.field("is_fallback", pa.bool_()),
    pa.field("text_hash", pa.binary()),
    pa.field("minhash", pa.binary()),
    pa.field("image_hash", pa.binary()),
    pa.field("recipe_digest", pa.string()),
]
_PAGE_KEY = [
    pa.field("page_id", pa.string()),
    pa.field("doc_id", pa.string()),
    pa.field("page_index", pa.int32()),
]
_ORIGIN = [pa.field("source_uri", pa.string()), pa.field("source", SOURCE)]
_FINDINGS = pa.field("findings", pa.list_(FINDING))
_TRAINER_TOKENS = pa.field("trainer_tokens", pa.int64())
_COPIES = pa.field("copies", pa.int32())
_SPLIT = pa.field("split", pa.string())
_SAID = [_TRAINER_TOKENS, _COPIES, _SPLIT]

PAGES = pa.schema(
    [*_PAGE_KEY, *_ORIGIN, pa.field("image", IMAGE), *_READING_FIELDS, _FINDINGS, *_SAID],
    metadata=_HUGGINGFACE,
)
"""One row for each sample. `image` has the Hugging Face Image layout. `copies` is how many rows the
row stands for, itself and those dropped for it; null unless the recipe counts them."""

_CROP_FIELDS = [
    pa.field("label", pa.string()),
    pa.field("bbox", _BBOX),
    pa.field("width", pa.int32()),
    pa.field("height", pa.int32()),
    pa.field("text", pa.string()),
    pa.field("vision_tokens", pa.int32()),
    pa.field("output_tokens", pa.int32()),
    pa.field("text_tokens", pa.int32()),
    pa.field("compression", pa.float32()),
    pa.field("engine", pa.string()),
    pa.field("model", pa.string()),
    pa.field("model_revision", pa.string()),
    pa.field("mode", pa.string()),
    pa.field("reason", pa.string()),
    pa.field("detail", pa.string()),
    pa.field("recipe_digest", pa.string()),
]
_CROP_KEY = [pa.field("crop_id", pa.string()), *_PAGE_KEY]

CROPS = pa.schema(
    [
        *_CROP_KEY,
        *_ORIGIN,
        pa.field("image", IMAGE),
        *_CROP_FIELDS,
        _FINDINGS,
        _TRAINER_TOKENS,
        _SPLIT,
    ],
    metadata=_HUGGINGFACE,
)
"""One row for each region that was cut out of a page of `pages` and read by itself. The page's text
links to it as `crops/` and its `image.path`. `bbox` is in fractions of the page. A crop that could
not be read, or that a policy has emptied, has an empty text and a `reason`; else that is null."""

_CONVERSATION_FIELDS = [
    pa.field("messages", pa.list_(MESSAGE)),
    pa.field("turns", pa.list_(TURN)),
    pa.field("shown", pa.list_(SHOWN)),
    pa.field("tokens_before", pa.int64()),
    pa.field("tokens_after", pa.int64()),
    pa.field("ratio", pa.float32()),
]

CONVERSATIONS = pa.schema(
    [
        *_PAGE_KEY,
        *_ORIGIN,
        *_CONVERSATION_FIELDS[:1],
        pa.field("images", pa.list_(IMAGE)),
        *_CONVERSATION_FIELDS[1:],
        *(
            field
            for field in _READING_FIELDS
            if field.name
            in {
                *("text", "text_source", "task", "mode", "vision_tokens", "text_tokens"),
                *("language", "language_score", "quality", "heuristics", "text_hash"),
                *("minhash", "image_hash", "recipe_digest"),
            }
        ),
        _FINDINGS,
        *_SAID,
    ],
    metadata=_with_pictures(images=[{"_type": "Image"}]),
)
"""One row for each conversation whose older turns are images, in the layout that trainers of chat
models take: `messages` with parts of type `text` and `image`, the images in the order of `images`.
`shown` has an entry for each image with exactly the text on it. `turns` has an entry for each turn,
or for each part of a turn that has its own mode. `tokens_before` counts all turns as text,
`tokens_after` the turns that stayed text and the images; `ratio` is the first over the second.
`text`, which includes the names of the roles, and `text_tokens` are what documents are made of."""

DOCUMENTS = pa.schema(
    [
        pa.field("doc_id", pa.string()),
        *_ORIGIN,
        pa.field("page_count", pa.int32()),
        pa.field("text", pa.string()),
        pa.field("page_indices", pa.list_(pa.int32())),
        pa.field("page_offsets", pa.list_(pa.int64())),
        pa.field("text_tokens", pa.int64()),
        pa.field("language", pa.string()),
        pa.field("quality_score", pa.float32()),
        pa.field("heuristics", HEURISTICS),
        pa.field("text_hash", pa.binary()),
        pa.field("minhash", pa.binary()),
        pa.field("recipe_digest", pa.string()),
        _FINDINGS,
        *_SAID,
    ]
)
"""One row for each kept document. Page `page_indices[i]` begins at `text[page_offsets[i]:]`, in
characters; pages are joined by a blank line."""

MEMBER = pa.struct(
    [
        ("name", pa.string()),
        ("form", pa.string()),
        ("offset", pa.int64()),
        ("length", pa.int64()),
        ("version", pa.string()),
        ("within", pa.string()),
        ("listed", pa.string()),
        ("fetched", pa.string()),
    ]
)
SEEN = pa.struct(
    [
        ("uri", pa.string()),
        ("size", pa.int64()),
        ("version", pa.string()),
        ("member", MEMBER),
        ("stated", SOURCE),
    ]
)

INVENTORY = pa.schema(
    [
        pa.field("doc_id", pa.string()),
        pa.field("uris", pa.list_(SEEN)),
        pa.field("source", SOURCE),
        pa.field("own", SOURCE),
        pa.field("media_type", pa.string()),
        pa.field("size", pa.int64()),
        pa.field("page_count", pa.int32()),
        pa.field("reason", pa.string()),
        pa.field("detail", pa.string()),
    ]
)
"""One row for each document. `version` is the store's etag, or the modification time in seconds.
`member` says where a document lies in its container, whose size and version those then are.
`own` is what a document states itself, and `stated` what is stated of it in each place; `source` is
both together, with the recipe's licence.
`page_count` is null if the pages cannot be counted; `reason` then says why."""

REJECTS = pa.schema(
    [
        pa.field("level", pa.string()),
        pa.field("stage", pa.string()),
        pa.field("reason", pa.string()),
        pa.field("detail", pa.string()),
        pa.field("doc_id", pa.string()),
        pa.field("page_id", pa.string()),
        pa.field("page_index", pa.int32()),
        *_ORIGIN,
        pa.field("kept_id", pa.string()),
        pa.field("similarity", pa.float32()),
        pa.field("language", pa.string()),
        pa.field("language_score", pa.float32()),
        pa.field("quality", QUALITY),
        pa.field("heuristics", HEURISTICS),
        pa.field("attempts", pa.list_(ATTEMPT)),
        pa.field("text_tokens", pa.int64()),
        pa.field("text_hash", pa.binary()),
        pa.field("minhash", pa.binary()),
        pa.field("image_hash", pa.binary()),
        pa.field("recipe_digest", pa.string()),
        _FINDINGS,
        _TRAINER_TOKENS,
    ]
)
"""One row for each input that is not in the dataset. `level` is `document` or `page`; `stage` is
`inventory`, `raster`, `read`, `quality`, `rights`, `dedup` or `mix`. A duplicate names its keeper
in `kept_id` and keeps its signatures, so that it is compared again if its keeper leaves. Where the
keeper was taken down, the reason is `keeper_forgotten` until the next run, and names none."""

STAGED = pa.schema(
    [
        *_PAGE_KEY,
        pa.field("stage", pa.string()),
        pa.field("reason", pa.string()),
        pa.field("detail", pa.string()),
        pa.field("image_offset", pa.int64()),
        pa.field("image_bytes", pa.int64()),
        *_READING_FIELDS,
        *_CONVERSATION_FIELDS,
        _FINDINGS,
    ]
)
"""One row for each page of a shard, sample or reject (`reason` is null for a sample). Its image is
`image_bytes` bytes at `image_offset` of the shard's `.images` file, so publish reads the few
columns that it needs without images, and each image with one range read. The images of a
conversation lie there one after another, each of `shown.bytes` bytes. The source URI is joined from
the inventory when rows are published."""

STAGED_CROPS = pa.schema(
    [
        *_CROP_KEY,
        pa.field("image_offset", pa.int64()),
        pa.field("image_bytes", pa.int64()),
        *_CROP_FIELDS,
        _FINDINGS,
    ]
)
"""One row for each crop of a shard's samples; its image is in the shard's `.images` file."""

SCHEMAS = {
    "pages": PAGES,
    "crops": CROPS,
    "conversations": CONVERSATIONS,
    "documents": DOCUMENTS,
    "inventory": INVENTORY,
    "rejects": REJECTS,
}


def is_added(schema: pa.Schema, name: str) -> bool:
    """Whether parts of an earlier release lack a column of a table."""
    return name in ADDED or (name in ADDED_TO_REJECTS and "kept_id" in schema.names)
