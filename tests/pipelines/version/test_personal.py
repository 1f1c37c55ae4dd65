"""Personal data through the whole run: masked in every text and in the picture, and reversible."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pymupdf
import pytest

from pipelines.run import Report
from schemas.recipe import Recipe, parse_recipe
from tests.checkpoint_people import make_people_checkpoint
from tests.pipelines.corpora import prose
from tests.pipelines.datasets import all_rows, problems, rows, run_here, run_verified
from workers.policies.personal.line_reader import read_lines

EMAIL, PHONE, IBAN = "ada.lovelace@example.org", "+44 20 7946 0958", "DE89 3704 0044 0532 0130 00"


def write_letters(folder: Path) -> Path:
    """Write a letter with an e-mail address in its text and a telephone number in its foot, and a
    plain one.
    """
    folder.mkdir()
    for name, body, foot in (
        ("0.pdf", f"Dear reader, please write to {EMAIL} or pay to {IBAN} before Friday.", PHONE),
        ("1.pdf", "Dear reader, there is nothing in this letter but words.", "2026"),
    ):
        document = pymupdf.open()
        for number in range(3):
            page = document.new_page(width=420, height=595)
            words = (
                f"{body} {prose(len(body) + number, 12)}"
                if number == 1
                else prose(10 * len(body) + number, 12)
            )
            page.insert_textbox((40, 60, 380, 500), words, fontsize=11)
            page.insert_text((40, 575), f"Office {foot}", fontsize=9)
        (folder / name).write_bytes(document.tobytes(no_new_id=True, garbage=3))
    return folder


def recipe_of(dataset: Path, source: Path, pii: str, extra: str = "") -> Recipe:
    policies = f"policies: [{{pii: {pii}}}]\n" if pii else ""
    return parse_recipe(
        f"dataset: {dataset}\nsources: {source}\nrouting: only\n"
        f"raster: {{longest_edge_px: 1000}}\n{policies}{extra}"
    )


def run(dataset: Path, source: Path, pii: str) -> Report:
    return run_verified(recipe_of(dataset, source, pii))


@pytest.fixture(scope="module")
def masked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset in which all kinds are masked, after a version without policies."""
    folder = tmp_path_factory.mktemp("personal")
    run(folder / "data", write_letters(folder / "src"), "")
    assert run(folder / "data", folder / "src", "mask").pages_read == 0
    return folder


def test_no_text_of_any_table_has_a_masked_value(masked: Path) -> None:
    everything = json.dumps(all_rows(masked / "data"), default=repr)
    for value in (EMAIL, PHONE, IBAN):
        assert value not in everything
    texts = [row["text"] for row in rows(masked / "data", "pages")]
    assert sum("[EMAIL]" in text and "[IBAN]" in text for text in texts) == 1


def test_no_picture_shows_a_masked_value(masked: Path) -> None:
    written = [r for r in rows(masked / "data", "pages") if r["source_uri"].endswith("0.pdf")]
    assert len(written) == 3
    for row in written:
        read = "".join(line.text for line in read_lines(row["image"]["bytes"])).replace(" ", "")
        for value in (EMAIL, PHONE, IBAN):
            assert value.replace(" ", "") not in read


def test_furniture_is_masked_where_the_text_has_nothing(masked: Path) -> None:
    in_foot = [
        row
        for row in rows(masked / "data", "pages")
        if any("[PHONE]" in block["text"] for block in row["blocks"])
    ]
    assert len(in_foot) == 3
    for row in in_foot:
        (finding,) = [f for f in row["findings"] if f["kind"] == "phone" and f["end"] == 0]
        assert finding["detail"] == "1 beside the text"


def test_a_mask_that_is_dropped_gives_the_rows_back(masked: Path, tmp_path: Path) -> None:
    assert run(masked / "data", masked / "src", "{default: tag}").pages_read == 0
    tagged = [row for row in rows(masked / "data", "pages") if row["findings"]]
    assert {f["action"] for row in tagged for f in row["findings"]} == {"tag"}
    assert run(masked / "data", masked / "src", "").pages_read == 0
    run(tmp_path / "fresh", masked / "src", "")
    assert all_rows(masked / "data") == all_rows(tmp_path / "fresh")


def test_a_kind_that_is_rejected_says_so(tmp_path: Path) -> None:
    source, dataset = write_letters(tmp_path / "src"), tmp_path / "data"
    report = run(dataset, source, "{default: keep, iban: reject}")
    assert report.rejects == {"personal_data": 2}
    assert {row["detail"] for row in rows(dataset, "rejects")} == {"iban"}


def test_names_that_a_checkpoint_finds_are_masked_in_text_and_picture(tmp_path: Path) -> None:
    source, dataset = tmp_path / "src", tmp_path / "data"
    source.mkdir()
    document = pymupdf.open()
    page = document.new_page(width=420, height=595)
    page.insert_textbox((40, 60, 380, 300), f"We thank Ada Sato. {prose(3, 12)}", fontsize=11)
    (source / "0.pdf").write_bytes(document.tobytes(no_new_id=True, garbage=3))
    run(dataset, source, "{default: mask}")
    assert not rows(dataset, "pages")[0]["findings"]
    pii = f"{{default: mask, people: {{model: {make_people_checkpoint(tmp_path / 'model')}}}}}"
    masked = run(dataset, source, pii)
    assert masked.pages_read == 0
    (row,) = rows(dataset, "pages")
    assert row["text"].startswith("We thank [NAME]. ")
    assert "We thank [NAME]" in " ".join(line.text for line in read_lines(row["image"]["bytes"]))
    # Another checkpoint of the same name is another list of names.
    assert run(dataset, source, pii).version == masked.version
    make_people_checkpoint(tmp_path / "model", Ada="O")
    run(dataset, source, pii)
    assert rows(dataset, "pages")[0]["text"].startswith("We thank Ada [NAME]. ")


def chats(path: Path, *turns: str) -> Path:
    """Write one chat, whose turns are the user's and the assistant's by turns."""
    roles = itertools.cycle(["user", "assistant"])
    chat = [{"role": role, "content": turn} for role, turn in zip(roles, turns, strict=False)]
    path.write_text(json.dumps({"messages": chat}) + "\n")
    return path


def chat_recipe(dataset: Path, path: Path, pii: str) -> Recipe:
    source = f"{{conversations: {path}, fade: {{text: 1, large: 9}}}}"
    policies = f"policies: [{{pii: {pii}}}]\n" if pii else ""
    return parse_recipe(f"dataset: {dataset}\nsources: [{source}]\nrouting: only\n{policies}")


def test_a_conversation_is_masked_in_its_texts_and_images(tmp_path: Path) -> None:
    first = f"{prose(1, 30)} Please write to {EMAIL} today. {prose(2, 30)}"
    path = chats(tmp_path / "chats.jsonl", first, prose(3, 20), f"Was it {EMAIL} or {PHONE}?")
    recipes = {pii: chat_recipe(tmp_path / "data", path, pii) for pii in ("", "mask")}
    run_here(recipes[""])
    (before,) = rows(tmp_path / "data", "conversations")
    assert EMAIL in before["shown"][0]["text"]
    assert run_here(recipes["mask"]).pages_read == 0
    assert problems(tmp_path / "data") == ()
    (row,) = rows(tmp_path / "data", "conversations")
    everything = json.dumps(all_rows(tmp_path / "data"), default=repr)
    assert EMAIL not in everything
    assert PHONE not in everything
    assert row["text"].count("[EMAIL]") == 2
    assert row["shown"][0]["text"].count("[EMAIL]") == 1
    assert row["messages"][-1]["content"][-1]["text"] == "Was it [EMAIL] or [PHONE]?"
    assert [turn["text"].count("[EMAIL]") for turn in row["turns"]] == [1, 0, 1]
    read = "".join(line.text for line in read_lines(row["images"][0]["bytes"])).replace(" ", "")
    assert EMAIL not in read
    assert "[EMAIL]" in read
    assert row["tokens_before"] == sum(turn["text_tokens"] for turn in row["turns"])
    assert row["turns"][1] == before["turns"][1]
    assert row["images"][1:] == before["images"][1:]
    # The mask is dropped: the row is what it was.
    assert run_here(recipes[""]).pages_read == 0
    assert rows(tmp_path / "data", "conversations") == [before]
