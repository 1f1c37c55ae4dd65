"""What a row becomes under its judgement: with its findings, without what was found, or a reject.

A page and its crops are one: what is found in a crop changes the page, whose picture shows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from schemas.crop_links import linked_paths, signed_text
from schemas.pages import image_path
from schemas.policies import PolicyStep
from schemas.recipe_sections import Raster
from schemas.tables import REJECTS
from workers.policies import Judge, Judgement
from workers.policies.conversations import mask_conversation
from workers.policies.redaction import CropView, PageView, redact, without_fragments
from workers.publishing.full_rows import Row
from workers.publishing.records import Level
from workers.rasterising import pictures
from workers.shards import crop_digests
from workers.text import measures, signatures
from workers.text.heuristics import heuristics


@dataclass(frozen=True, slots=True)
class WholeRow:
    """A page or document: its row, its images end to end, and its crops with their pictures."""

    row: Row
    data: bytes = b""
    crops: Sequence[tuple[Row, bytes]] = ()


def changed(
    whole: WholeRow,
    judgement: Judgement,
    judges: Sequence[Judge],
    raster: Raster,
    permutations: int,
) -> WholeRow | None:
    """A row with its findings; where they edit its text, all that follows from the text, too.

    None for a conversation that cannot be edited so: a cut would leave a hole in its images, and a
    mask needs to know the place of each value in them.
    """
    new = {**whole.row, "findings": judgement.rows()}
    if not judgement.is_edited:
        crops = [
            ({**crop, "findings": own.rows()}, data)
            for (crop, data), own in zip(whole.crops, judgement.crops, strict=True)
        ]
        return WholeRow(new, whole.data, crops)
    if whole.row.get("messages"):
        return _changed_conversation(new, whole.data, judgement, judges, raster, permutations)
    new["text"] = judgement.text
    if "page_offsets" in whole.row:
        new["page_offsets"] = judgement.places(whole.row["page_offsets"])
        return WholeRow(_signed(new, (), permutations))
    page = redact(_view(whole), judgement, judges, raster)
    crops = list(_changed_crops(whole, page, judgement, judges))
    new = _signed(new, crops, permutations)
    new["blocks"] = page.blocks
    hidden, language = whole.row.get("hidden"), whole.row["language"]
    new["hidden"] = without_fragments(hidden, language, judgement, judges)
    if page.picture != whole.data:
        new["image_hash"] = signatures.image_hash(pictures.decode(page.picture).convert("L"))
    return WholeRow(new, page.picture, crops)


def _view(whole: WholeRow) -> PageView:
    row = whole.row
    crops = (CropView(c["text"], c["bbox"], c["label"], data) for c, data in whole.crops)
    return PageView(row["text"], row["blocks"] or [], whole.data, row["language"], tuple(crops))


def _signed(row: Row, crops: Sequence[tuple[Row, bytes]], permutations: int) -> Row:
    """A row with the count and the signatures of its text."""
    text = row["text"]
    if row.get("text_source") == "synthetic":
        words = [text]
    else:
        own = crop_digests((crop["crop_id"], data) for crop, data in crops)
        words = signatures.words(signed_text(text, own) if own else text)
    shingles = signatures.shingle_hashes(words)
    tokens = measures.count_tokens(text)
    signed = {
        **row,
        "text_tokens": tokens,
        "heuristics": heuristics(text, row["language"] or "und"),
        "text_hash": signatures.text_hash(words or [text]),
        "minhash": signatures.minhash(shingles, permutations).astype("<u8").tobytes(),
    }
    if row.get("vision_tokens"):
        signed["compression"] = round(tokens / row["vision_tokens"], 4)
    return signed


def _changed_conversation(
    row: Row,
    images: bytes,
    judgement: Judgement,
    judges: Sequence[Judge],
    raster: Raster,
    permutations: int,
) -> WholeRow | None:
    editing = [judges[number] for number in sorted(judgement.editing)]
    if any(policy.step.pii is None for policy in editing):
        return None
    (policy,) = editing
    masked = mask_conversation(row, images, judgement.text, policy, raster)
    return None if masked is None else WholeRow(_signed(masked[0], (), permutations), masked[1])


def _changed_crops(
    whole: WholeRow, page: PageView, judgement: Judgement, judges: Sequence[Judge]
) -> Iterator[tuple[Row, bytes]]:
    """The crops of a page that was edited; one whose link was cut out of its text goes with it."""
    linked = linked_paths(judgement.text)
    for (row, data), view, own in zip(whole.crops, page.crops, judgement.crops, strict=True):
        if image_path(row["crop_id"], data) not in linked:
            continue
        new = {**row, "text": view.text, "findings": own.rows()}
        if view.emptied_by >= 0:
            new |= _emptied(own, judges[view.emptied_by].step)
        if view.text != row["text"]:
            new["text_tokens"] = measures.count_tokens(view.text)
            new["compression"] = round(new["text_tokens"] / row["vision_tokens"], 4)
        if view.picture != data:
            picture = pictures.decode(view.picture)
            new["width"], new["height"] = picture.size
        yield new, view.picture


def _emptied(own: Judgement, policy: PolicyStep) -> Row:
    """What a crop says whose text went as a whole; no place of it is left."""
    kinds = {item.finding.kind for item in own.applied if item.finding.policy == policy.name}
    return {
        "reason": policy.reason,
        "detail": ", ".join(sorted(kinds)) or "its page lost a part that it shows",
        "findings": [item.moved(0, 0).to_row() for item in own.applied] or None,
    }


def rejected(row: Row, judgement: Judgement, policy: PolicyStep, level: Level) -> Row:
    """The reject of a row, by the policy that bars it."""
    reject = {name: row.get(name) for name in REJECTS.names}
    kinds = sorted(
        {item.finding.kind for item in judgement.applied if item.finding.policy == policy.name}
    )
    reject |= {
        "level": level,
        "stage": policy.name,
        "reason": policy.reason,
        "detail": ", ".join(kinds),
        "findings": judgement.rows(),
    }
    if reject["heuristics"] is None:  # of an earlier release, or read by it
        reject["heuristics"] = heuristics(row["text"], row["language"] or "und")
    if level == "document":
        score = {field.name: None for field in REJECTS.field("quality").type}
        reject["quality"] = {**score, "score": row["quality_score"]}
    return reject
