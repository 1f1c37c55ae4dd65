"""What every table and column of a dataset means: the one place where this is said.

The Parquet parts, the Delta tables, the dataset card, Croissant and the documentation all take
their words from here. A field within a struct or a list is named by its path, such as
`blocks.cells.bbox`. A description of one table, such as `documents.text`, comes before that of all.

    described(PAGES, "pages").field("text").metadata  # {b"comment": b"The page's own text, ..."}
"""

from __future__ import annotations

import pyarrow as pa

COMMENT = b"comment"
"""The key under which Arrow fields, and Delta and Spark tables, hold a description."""

NULL_BY_OLD = "Null in rows that an earlier release wrote."

TABLE_DESCRIPTIONS = {
    "pages": "One row is an image-text pair: a page as a picture and its text, with where each "
    "block stands and how the page was read.",
    "documents": "One row is the whole text of a document, made of its readable pages.",
    "crops": "One row is a region, such as a figure or a chart, that was cut out of a page of "
    "`pages` and read by itself. The page's text links it as `crops/` and its `image.path`.",
    "conversations": "One row is a chat, or a long text, whose older turns are images.",
    "inventory": "One row is a source document, and every place in which it was seen.",
    "rejects": "One row is an input that is not in the dataset, a page or a whole document, and "
    "why.",
}

_KEYS = {
    "page_id": "The page: `doc_id`, a slash, and `page_index` with five digits.",
    "rejects.page_id": "The page: `doc_id`, a slash, and `page_index` with five digits. Null for a "
    "whole document.",
    "doc_id": "The document: the SHA-256 of its bytes in hex. A made page belongs to a record, and "
    "this is a hash of the record.",
    "page_index": "The page's number in its document, from 0.",
    "rejects.page_index": "The page's number in its document, from 0. Null for a whole document.",
    "crop_id": "The crop: `page_id`, a dash, and its number on the page, from 0, with two digits.",
    "source_uri": "The address of the document; in a container `container!name`.",
    "recipe_digest": "A digest of the settings that the row was read under: 16 hex characters.",
}

_SOURCE = {
    "source": "What is stated of where the document is from; null where nothing is stated. Nothing "
    "in it is guessed.",
    "source.container": "The archive, WARC or table that holds the document; null outside of one.",
    "source.url": "Where a crawl or a link fetched it; null for what was not fetched.",
    "source.fetched": "When a crawl fetched it, in UTC; null for what was not fetched.",
    "source.title": "Its title, as stated; null where none is.",
    "source.author": "Its author, as stated; null where none is.",
    "source.language": "Its language, as stated; null where none is. What was recognised is in the "
    "column `language`.",
    "source.license": "Its licence: an SPDX identifier where one exists, else as written; null "
    "where none is stated.",
    "source.license_from": "Who states the licence: `document`, `beside` (a file beside it), "
    "`column`, `folder` or `recipe`; null without a licence.",
    "source.reserved": "What is reserved, such as `tdm-reservation` or `noai`, joined by `; `; "
    "null where nothing is.",
}

_PICTURES = {
    "image": "The picture, in the layout of a Hugging Face Image.",
    "images": "The pictures, each in the layout of a Hugging Face Image, in the order of the image "
    "parts of `messages`.",
    "bytes": "The picture's file: JPEG, PNG or WebP.",
    "path": "A file name for the picture, made of the row's id.",
    "width": "The picture's width in pixels.",
    "height": "The picture's height in pixels.",
    "rotation": "By how many degrees clockwise the picture was turned to be upright: 0, 90, 180 or "
    "270.",
}

_TEXT = {
    "text": "The page's own text, in Markdown where the layout is known: the texts of the blocks "
    "that are no furniture, with a blank line between two.",
    "documents.text": "The text of the readable pages, a blank line between two, without lines "
    "that pages repeat, and with words and sentences joined over pages. Characters are Unicode "
    "code points.",
    "crops.text": "What was read in the crop; empty where it could not be read or a policy emptied "
    "it, and `reason` then says why.",
    "conversations.text": "All turns as text, each after the name of its role.",
    "text_source": "How the text came: `ocr`, `text_layer`, or of a made page `rendered` (the text "
    "that was set) or `synthetic` (what was drawn).",
    "task": "What was asked of the engine: `markdown`, `text`, `grounded`, `figure`, `describe` or "
    "`locate`; of a made page the task that it is for; `conversation` for a chat.",
    "engine": "What read the text: an engine's name, `text_layer`, or what made the page.",
    "model": "The model that read it; empty (not null) where no model did, as in a text layer.",
    "model_revision": "The model's commit or digest; empty (not null) where no model read it.",
    "mode": "The engine's mode, such as `base`; of a page that was set, the preset; empty (not "
    "null) where there is none.",
    "conversations.mode": "The preset in which the older turns were set.",
    "blocks": "The regions of the page in reading order, furniture included; empty for engines "
    "that locate nothing.",
    "blocks.label": "What the region is, such as `paragraph`, `table` or `running_head`.",
    "blocks.bbox": "Where it stands: left, top, right and bottom as fractions of the picture, from "
    "0 to 1.",
    "blocks.text": "Its text; empty for one without, such as a figure.",
    "blocks.confidence": "How sure the engine is, from 0 to 1; null where it does not say, and for "
    "text layers.",
    "blocks.cells": "The cells of a table; null for any other block, and where they are not known.",
    "blocks.cells.row": "The cell's first row, from 0.",
    "blocks.cells.column": "The cell's first column, from 0.",
    "blocks.cells.rows": "Over how many rows it reaches.",
    "blocks.cells.columns": "Over how many columns it reaches.",
    "blocks.cells.bbox": "Where it stands: left, top, right and bottom as fractions of the "
    "picture, from 0 to 1.",
    "blocks.cells.text": "Its text; empty for an empty cell.",
    "hidden": "What the text layer of a PDF says and the picture does not show; null without a "
    "text layer. " + NULL_BY_OLD,
    "hidden.share": "The hidden characters' share of the layer, from 0 to 1.",
    "hidden.ways": "How they are hidden, such as `no_ink` or `off_page`.",
    "hidden.fragments": "The first of them: at most 5, of at most 200 characters.",
    "is_fallback": "Whether the fallback engine read the page.",
    "attempts": "Every try at reading the page, in order; null where none was made.",
    "attempts.engine": "The engine of the try, or `text_layer`.",
    "attempts.mode": "Its mode; `mirrored` for a text layer that was mirrored first; empty "
    "(not null) where there is none.",
    "attempts.outcome": "`ok`, or the reason for which the reading was bad.",
    "attempts.guard": "The guard against repetition as `size/window` in tokens; empty (not null) "
    "without one.",
    "attempts.rotation": "By how many degrees clockwise the page was turned for this try.",
    "label": "What the crop is, such as `figure`, `chart` or `formula`.",
    "bbox": "Where it stood on the page: left, top, right and bottom as fractions of the page's "
    "picture, from 0 to 1.",
}

_COUNTS = {
    "vision_tokens": "What the picture costs a model in tokens: the engine's own count; where it "
    "has none, that of DeepSeek-OCR in the recipe's mode.",
    "conversations.vision_tokens": "What all pictures together cost a model in tokens.",
    "output_tokens": "What the model generated, in its own tokens; 0 where none generated.",
    "text_tokens": "The text's tokens by one fixed tokenizer (tekken of mistral-common), without "
    "begin and end marks.",
    "rejects.text_tokens": "The text's tokens by one fixed tokenizer; null where nothing was read.",
    "trainer_tokens": "The text's tokens by the tokenizer that the recipe names; null where it "
    "names none.",
    "rejects.trainer_tokens": "The text's tokens by the tokenizer that the recipe names; null but "
    "for what a mix left out under a budget.",
    "compression": "Text tokens for each vision token; null without vision tokens.",
    "copies": "How many rows it stands for: itself and the duplicates dropped for it; null unless "
    "the recipe counts them (`dedup: {copies: true}`).",
    "split": "`train` or `validation`, the same in every row of a document; null unless the recipe "
    "has a split (`publish: {validation: 1 %}`).",
    "language": "The language of the text that was recognised: ISO 639-1, or 639-3 where that has "
    "none; `und` where there is too little prose.",
    "rejects.language": "The language of the text that was recognised, `und` where there is too "
    "little prose; null where nothing was read. " + NULL_BY_OLD,
    "language_score": "The share of the prose in that language, from 0 to 1; 0 with `und`.",
    "rejects.language_score": "The share of the prose in that language, from 0 to 1; 0 with `und`, "
    "null where nothing was read. " + NULL_BY_OLD,
    "quality_score": "The quality from 0 to 1: the mean of the pages', weighted by text tokens.",
    "quality": "Measures of the reading.",
    "rejects.quality": "Measures of the reading; null where nothing was read.",
    "quality.score": "Confidence x (1 - repetition) x (1 - symbol_share), from 0 to 1; a text "
    "layer counts as confidence 1.",
    "quality.confidence": "The engine's mean confidence, from 0 to 1; null where it gives none, "
    "for text layers and for made pages.",
    "quality.repetition": "The share of word 5-grams that came earlier, from 0 to 1; 0 under ten "
    "words. Null for a whole document.",
    "quality.symbol_share": "The visible characters that are no letter, digit or mark, from 0 to "
    "1. Null for a whole document.",
    "quality.ink_share": "The picture's area that is inked, from 0 to 1. Null for a whole "
    "document.",
    "quality.cleaned_chars": "How many harmful or unreadable characters were left out of the text. "
    "Null for a whole document.",
    "quality.coverage": "The inked text area that the text accounts for, from 0 to 1; null where "
    "that was not measured.",
    "text_hash": "A hash of 16 bytes of the text's words: equal for texts that differ in spacing "
    "or marks alone.",
    "minhash": "The MinHash signature: 128 unsigned 64-bit numbers, little-endian, unless the "
    "recipe asks for another length.",
    "image_hash": "The perceptual hash of the picture: 32 bytes, compared by Hamming distance.",
    "conversations.image_hash": "32 bytes of 0 (not null): conversations are compared by text.",
    "rejects.text_hash": "As in `pages` or `documents`; null where nothing was read.",
    "rejects.minhash": "As in `pages` or `documents`; null where nothing was read.",
    "rejects.image_hash": "As in `pages`; null for a document, and where nothing was read.",
    "page_count": "How many pages the document has.",
    "inventory.page_count": "How many pages the document has; null where they cannot be counted, "
    "and `reason` says why.",
    "page_indices": "The numbers from 0 of the pages that the text is made of, in order.",
    "page_offsets": "Where each of these pages begins in `text`: characters (Unicode code points) "
    "from 0.",
}

_HEURISTICS = {
    "heuristics": "Counts and shares of the text; null where nothing was read. " + NULL_BY_OLD,
    "heuristics.words": "Words; in Chinese, Japanese, Thai, Lao, Burmese and Khmer, characters.",
    "heuristics.mean_word_length": "In characters; null without words.",
    "heuristics.letter_share": "Words with a letter, from 0 to 1; null without words.",
    "heuristics.capital_share": "Words of two letters or more in capitals, from 0 to 1; null "
    "without words.",
    "heuristics.stop_words": "How many of eight common words of the language are there; null for a "
    "language without a list.",
    "heuristics.stop_word_share": "Words that are one of these, from 0 to 1; null without a list.",
    "heuristics.digit_share": "Digits among the visible characters, from 0 to 1; null without any.",
    "heuristics.lines": "Lines with something visible.",
    "heuristics.table_share": "Lines of tables, from 0 to 1; null without lines.",
    "heuristics.mean_line_length": "In characters; null where there are no lines outside of "
    "tables, as in the next columns.",
    "heuristics.short_line_share": "Lines of 30 characters or fewer, from 0 to 1.",
    "heuristics.bullet_share": "Lines that begin with a bullet or a dash, from 0 to 1.",
    "heuristics.ellipsis_share": "Lines that end with an ellipsis, from 0 to 1.",
    "heuristics.punctuated_share": "Lines that end a sentence, from 0 to 1.",
    "heuristics.duplicate_line_share": "Characters in lines that stand further up, too, from 0 to "
    "1.",
}

_FINDINGS = {
    "findings": "What policies found, and did; null where they found nothing. " + NULL_BY_OLD,
    "findings.policy": "The recipe's key, such as `pii` or `trust`.",
    "findings.kind": "What was found, in the policy's words, such as `email`.",
    "findings.action": "What became of it: `tag`, `mask`, `cut` or `reject`.",
    "findings.start": "Where it begins in `text`, in characters (Unicode code points) from 0; 0 "
    "with `end` 0 for the whole row.",
    "findings.end": "Where it ends in `text`, exclusive, in characters; that of the placeholder "
    "after a mask.",
    "findings.certainty": "From 0 to 1; 1 where the finding is exact.",
    "findings.detail": "The evidence, such as an item of a benchmark; null where there is none to "
    "name.",
}

_CONVERSATION = {
    "messages": "The chat as trainers of chat models take it.",
    "messages.role": "Who speaks, such as `user` or `assistant`.",
    "messages.content": "The parts of the message, in order.",
    "messages.content.type": "`text`, or `image` for the next of `images`.",
    "messages.content.text": "The text; null for an image.",
    "turns": "An entry for each turn, or for each part of a turn that has a mode of its own.",
    "turns.turn": "The turn's number, from 0.",
    "turns.role": "Who speaks.",
    "turns.age": "How many turns come after it, or how many of their text tokens, as the "
    "recipe counts age; 0 for the newest.",
    "turns.mode": "`text`, or the mode of the images that show it.",
    "turns.text": "The turn's text.",
    "turns.text_tokens": "Its tokens by the fixed tokenizer.",
    "turns.images": "The numbers, from 0, of the images that show it; empty for `text`.",
    "shown": "An entry for each of `images`, in their order.",
    "shown.mode": "The mode in which it was drawn.",
    "shown.width": "Its width in pixels.",
    "shown.height": "Its height in pixels.",
    "shown.vision_tokens": "What it costs a model in tokens.",
    "shown.text": "Exactly what stands on it.",
    "shown.bytes": "The size of its file in bytes.",
    "tokens_before": "All turns as text, in tokens of the fixed tokenizer.",
    "tokens_after": "The turns that stayed text, in tokens, and the vision tokens of the images.",
    "ratio": "`tokens_before` over `tokens_after`; null where that is 0.",
}

_INVENTORY = {
    "uris": "Every place in which it was seen; rows name the first.",
    "uris.uri": "The address; in a container `container!name`.",
    "uris.size": "The file's size in bytes; in a container, the container's.",
    "uris.version": "The store's etag, or the modification time in seconds, or of a link the "
    "SHA-256 of what was fetched.",
    "uris.member": "Where it lies in a container; null outside of one.",
    "uris.member.name": "Its name there; names of containers within containers are joined by `!`.",
    "uris.member.form": "How its bytes lie there.",
    "uris.member.offset": "Where they begin, in bytes; in a table, the row.",
    "uris.member.length": "How many bytes they take, headers included.",
    "uris.member.version": "What the container says of the content, such as a checksum; empty (not "
    "null) where it says nothing.",
    "uris.member.within": "The member that holds it, or the column of a table; null where it lies "
    "directly in the container.",
    "uris.member.listed": "The index by which the source lists it; null without one.",
    "uris.member.fetched": "When a crawl fetched it, in UTC; null where that is not known.",
    "uris.stated": "What is stated of the document in this place; null where nothing is.",
    "own": "What the document states itself; null where it states nothing. " + NULL_BY_OLD,
    "media_type": "Its media type, by its content; null where it is unknown.",
    "size": "Its size in bytes.",
    "inventory.reason": "Why its pages cannot be counted; null where they are counted.",
    "inventory.detail": "More of that reason; null where there is none.",
}

_REJECTS = {
    "level": "`page` or `document`: what the row is.",
    "stage": "Where it was left out: `inventory`, `raster`, `read`, `quality`, `rights`, `limits`, "
    "`dedup`, `mix`, or the name of a policy.",
    "reason": "Why, in one word.",
    "detail": "More of the reason, such as the value that broke a limit; null where there is none.",
    "crops.reason": "Why it could not be read, or a policy emptied it; null for one that was read.",
    "crops.detail": "More of that reason; null where there is none.",
    "kept_id": "The row that a duplicate was dropped for; null for other reasons.",
    "similarity": "How similar the two are, from 0 to 1; null for other reasons.",
}

COLUMN_DESCRIPTIONS = (
    _KEYS
    | _SOURCE
    | _PICTURES
    | _TEXT
    | _COUNTS
    | _HEURISTICS
    | _FINDINGS
    | _CONVERSATION
    | _INVENTORY
    | _REJECTS
)
"""The meaning of each column by its path, or by its table and path."""

_OF_SCORES = (
    "What the classification model that the recipe names for this score says of the text; null "
    "where it was not scored."
)
_AS_ELSEWHERE = {
    **dict.fromkeys(("uris.stated", "own"), "source"),
    **dict.fromkeys(("image", "images"), ""),
}
"""Columns whose fields mean what those of another column do; of pictures, their bare names."""


def description(table: str, path: str) -> str:
    """The meaning of a column or field of a table, such as `blocks.bbox` of `pages`.

    Raises KeyError where nothing is said of it.
    """
    if path.startswith("score_"):
        return _OF_SCORES
    for column, other in _AS_ELSEWHERE.items():
        if path.startswith(f"{column}."):
            path = path.replace(column, other, 1).lstrip(".")
    return COLUMN_DESCRIPTIONS.get(f"{table}.{path}") or COLUMN_DESCRIPTIONS[path]


def described(schema: pa.Schema, table: str) -> pa.Schema:
    """The schema of a table with the meaning of each column, and of each field, as its metadata."""
    fields = [_described(field, table, field.name) for field in schema]
    metadata = {**(schema.metadata or {}), COMMENT: TABLE_DESCRIPTIONS[table].encode()}
    return pa.schema(fields, metadata=metadata)


def _described(field: pa.Field, table: str, path: str) -> pa.Field:
    kind = _with_described_fields(field.type, table, path)
    return field.with_type(kind).with_metadata({COMMENT: description(table, path).encode()})


def _with_described_fields(kind: pa.DataType, table: str, path: str) -> pa.DataType:
    if pa.types.is_struct(kind):
        return pa.struct([_described(field, table, f"{path}.{field.name}") for field in kind])
    if pa.types.is_list(kind):
        value = kind.value_field
        return pa.list_(value.with_type(_with_described_fields(value.type, table, path)))
    return kind
