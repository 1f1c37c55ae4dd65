"""The words of the column `reason` of rejects, each with its meaning."""

from __future__ import annotations

KEEPER_FORGOTTEN = "keeper_forgotten"
SEMANTIC_DUPLICATE = "semantic_duplicate"

REJECT_REASONS = {
    # a whole document
    "empty_file": "the file has no bytes",
    "not_a_document": "of no format that is read, by its bytes",
    "lost_member": "a member of a container, or a stretch of it, that cannot be read",
    "bomb": "a member that unpacks to more than the limits",
    "truncated": "the crawl cut the document short; fetch it again from its URL",
    "not_fetched": "a link that must not be asked (robots.txt, a private host) or gives nothing",
    "too_large": "a link whose document has more bytes than `links.max_bytes`",
    "no_file": "an entry of a list of paths that leads to no file, or may not be named there",
    "unsupported": "a member packed by a method that is not read",
    "no_column": "a table without the column that its source names, or with several to choose from",
    "no_member": "a container in which nothing is a document, or nothing is taken",
    "no_corpus": "no file of records by its name, or without the column that its source names",
    "corrupt": "the file or the page cannot be parsed",
    "encrypted": "the document needs a password, or has a lock (DRM)",
    "needs_libreoffice": "an office file, and LibreOffice is not installed",
    "needs_library": "an image of a format whose library is not installed",
    "no_pages": "the document has no page",
    "portfolio": "a PDF portfolio: its page is a cover, its content are files inside",
    "xfa_form": "a dynamic XFA form: its page only asks to wait for a viewer that can draw it",
    "no_readable_page": "no page of the document could be read (its pages say why)",
    # a page
    "page_too_large": "page sides or image pixels past the raster limits",
    "timeout": "the page did not finish in its time",
    "memory_limit": "the page needed more memory than its limit",
    "native_crash": "a native library crashed on the page",
    "source_missing": "the file vanished after the inventory",
    "source_changed": "the file changed after the inventory",
    "no_text_layer": "routing is `only` and the text layer is missing or bad",
    "engine_error": "the engine could not read the page",
    "loop": "the model repeated itself until it was cut",
    "no_end": "the model spent all its tokens before it ended the page",
    "crashed": "the page ended its replica or task twice",
    "blank": "nothing is drawn on the page",
    "no_text": "no text was read",
    "low_confidence": "the engine's mean confidence is under its floor",
    "repetition": "lines or 5-grams repeat past their limit",
    "incomplete": "the text accounts for too little of the print on the page",
    "garbage": "too few letters among the characters",
    "left_out": "the mix has enough samples of its group",
    # either
    "over_limit": "its source, or its family of near duplicates, has as many as `limits` allows",
    "reserved": "something is reserved for the document, and `rights` leaves such documents out",
    "untrusted": "the policy `trust` found what it rejects",
    "contaminated": "an item of a benchmark is in its text or its picture",
    "personal_data": "personal data of a kind that the policy `pii` rejects",
    "boilerplate": "nothing was left but lines that many documents share (the policy `lines`)",
    "out_of_range": "a value of the row is past what the policy `keep` keeps",
    "duplicate": "the same content is kept under another id",
    SEMANTIC_DUPLICATE: "its text means the same as that of a row that is kept (`dedup.semantic`)",
    KEEPER_FORGOTTEN: "a duplicate whose keeper was taken down: the next run decides on it again",
}

DUPLICATE_REASONS = ("duplicate", SEMANTIC_DUPLICATE)
"""The reasons of rejects that name a row which is kept instead, their `kept_id`."""

POLICY_REASONS = ("untrusted", "contaminated", "personal_data", "boilerplate", "out_of_range")
"""The reasons of rejects that a policy of the recipe made; the stage is the policy's name."""
