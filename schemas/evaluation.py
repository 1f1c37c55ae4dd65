"""The per-page results of the studies of `pagefoundry evaluate`, as explicit Arrow schemas."""

from __future__ import annotations

import pyarrow as pa

_PAGE = [
    pa.field("page_id", pa.string()),
    pa.field("source_uri", pa.string()),
    pa.field("page_index", pa.int32()),
    pa.field("engine", pa.string()),
    pa.field("model", pa.string()),
    pa.field("model_revision", pa.string()),
    pa.field("mode", pa.string()),
    pa.field("task", pa.string()),
    pa.field("source_edge_px", pa.int32()),
    pa.field("width", pa.int32()),
    pa.field("height", pa.int32()),
    pa.field("script", pa.string()),
    pa.field("text_tokens", pa.int32()),
    pa.field("bucket", pa.int32()),
    pa.field("vision_tokens", pa.int32()),
    pa.field("compression", pa.float32()),
]
_AGREEMENT = [
    pa.field("truth_chars", pa.int32()),
    pa.field("reading_chars", pa.int32()),
    pa.field("char_errors", pa.int32()),
    pa.field("truth_words", pa.int32()),
    pa.field("word_errors", pa.int32()),
    pa.field("edit_distance", pa.float32()),
    pa.field("precision", pa.float32()),
    pa.field("char_precision", pa.float32()),
    pa.field("char_recall", pa.float32()),
    pa.field("char_f1", pa.float32()),
    pa.field("word_precision", pa.float32()),
    pa.field("word_recall", pa.float32()),
    pa.field("word_f1", pa.float32()),
    pa.field("bleu", pa.float32()),
    pa.field("cer", pa.float32()),
    pa.field("wer", pa.float32()),
]

BUCKET_TOKENS = 100

RESULTS = pa.schema(
    [
        *_PAGE,
        *_AGREEMENT,
        pa.field("reason", pa.string()),
        pa.field("truth", pa.string()),
        pa.field("reading", pa.string()),
    ]
)
"""One row a page and mode. `width` and `height` are of the image that the engine was given,
`source_edge_px` is the longest edge of the page that it was made of. `bucket` is `text_tokens`
rounded down to whole hundreds. `compression` is text tokens per vision token, null where a model
did not say what a page cost it. What is measured is defined in `workers.evaluation.metrics`, and is
of the plain forms of `truth` and `reading`. A page that the engine failed on has an empty reading,
and `reason` says why; it is null for the others."""
