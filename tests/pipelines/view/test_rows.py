"""Single rows: a page beside its text, a crop, a conversation, a document, and their pictures."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from schemas.ids import split_page_id
from schemas.page_text import full_text_of
from tests.pipelines.datasets import rows
from tests.pipelines.view.browsing import Browser
from tests.pipelines.view.looked_at import NAME, SCRIPT


def named(dataset: Path, table: str, file: str) -> list[dict[str, object]]:
    return [row for row in rows(dataset, table) if str(row["source_uri"]).endswith(file)]


def test_blocks_on_the_picture_and_in_the_text_lead_to_each_other(
    browser: Browser, dataset: Path
) -> None:
    (row,) = (r for r in named(dataset, "pages", "comes.pdf"))
    page = browser.open(f"/page/{row['page_id']}")
    for number, block in enumerate(row["blocks"]):  # type: ignore[arg-type,var-annotated]
        box, text = page.one("a", id=f"box-{number}"), page.one("div", id=f"block-{number}")
        assert box["href"] == f"#block-{number}"
        assert page.one("a", href=f"#box-{number}")
        assert box["data-block"] == text["data-block"] == str(number)
        assert " ".join(block["text"].split()) in " ".join(text.text.split())
    rect = page.all("rect")[0]
    left, top, right, bottom = row["blocks"][0]["bbox"]  # type: ignore[index]
    width, height = row["width"], row["height"]
    drawn = [float(rect[name]) for name in ("x", "y", "width", "height")]
    wanted = [left * width, top * height, (right - left) * width, (bottom - top) * height]
    assert all(abs(a - b) < 0.06 for a, b in zip(drawn, wanted, strict=True))


def test_the_text_is_shown_rendered_as_stored_or_in_full(browser: Browser, dataset: Path) -> None:
    row = next(r for r in named(dataset, "pages", NAME) if "owned" in str(r["text"]))
    link = f"/page/{row['page_id']}"
    raw = browser.open(f"{link}?text=raw").all("pre")[0].text
    assert raw == row["text"]
    assert browser.open(f"{link}?text=full").all("pre")[0].text == full_text_of(row)
    assert SCRIPT in browser.open(link).text  # as text


def test_the_facts_of_a_page_are_beside_it(browser: Browser, dataset: Path) -> None:
    row = rows(dataset, "pages")[0]
    page = browser.open(f"/page/{row['page_id']}")
    facts = zip(page.all("dt"), page.all("dd"), strict=True)
    shown = {name.text: value.text for name, value in facts}
    assert shown["text tokens"] == str(row["text_tokens"])
    assert shown["quality"] == f"{row['quality']['score']:.3f}"
    assert shown["file"] == row["source_uri"]


def test_the_way_through_a_list_keeps_its_filters(browser: Browser) -> None:
    links = browser.rows("/?order=longest&language=en")
    page = browser.open(links[1])
    assert page.one("a", rel="prev")["href"] == links[0]
    assert page.one("a", rel="next")["href"] == links[2]
    assert "2 of " in page.text
    assert browser.rows(page.link("list")) == links
    raw = browser.open(page.link("as stored"))
    assert browser.open(raw.one("a", rel="next")["href"]).all("pre")  # is still as stored
    alone = browser.open(links[1].partition("?")[0] + "?language=zh")
    assert not alone.all("a", rel="next")


def test_a_crop_is_shown_where_its_page_links_it(browser: Browser, dataset: Path) -> None:
    crop = next(row for row in rows(dataset, "crops") if row["label"] == "figure")
    page = browser.open(f"/page/{crop['page_id']}")
    (picture,) = (a for a in page.all("a", class_="crop") if crop["crop_id"] in a["href"])
    shown = browser.open(picture["href"])
    assert SCRIPT in shown.text
    assert shown.link("its page").startswith(f"/page/{crop['page_id']}")
    assert next(cell.text for cell in shown.all("td")) == SCRIPT
    assert shown.all("math")
    assert "U+202E" in shown.text


def test_a_conversation_is_a_chat_with_its_images(browser: Browser, dataset: Path) -> None:
    (row,) = rows(dataset, "conversations")
    page = browser.open(f"/conversation/{row['page_id']}")
    roles = [item.text for item in page.all("h2") if item.text in ("user", "assistant")]
    assert roles == [message["role"] for message in row["messages"]]
    pictures = [i["src"] for i in page.all("img")]
    assert len(pictures) == len(row["images"]) > 1
    for link, stored in zip(pictures, row["images"], strict=True):
        assert browser.get(link).content == stored["bytes"]
    assert SCRIPT in page.text


def test_a_document_has_its_pages_kept_and_rejected(browser: Browser, dataset: Path) -> None:
    (document,) = named(dataset, "documents", "empty-page.pdf")
    page = browser.open(f"/document/{document['doc_id']}")
    assert "blank: nothing is drawn on the page" in page.text
    kinds = [a["href"].split("/")[1] for a in page.all("a") if "data-card" in a.attributes]
    assert kinds[:2] == ["page", "reject"]
    (whole,) = (r for r in rows(dataset, "rejects") if r["level"] == "document")
    refused = browser.open(f"/document/{whole['doc_id']}")
    assert "The whole document was rejected: not a document" in refused.text


def test_pictures_are_sent_as_what_they_are(browser: Browser, dataset: Path) -> None:
    row = rows(dataset, "pages")[0]
    answer = browser.get(f"/picture/pages/{row['page_id']}")
    assert answer.content == row["image"]["bytes"]
    assert answer.headers["content-type"] == "image/jpeg"
    small = browser.get(f"/thumbnail/pages/{row['page_id']}")
    assert small.headers["content-type"] == "image/jpeg"
    with Image.open(io.BytesIO(small.content)) as picture:
        assert max(picture.size) <= 360
    for link in ("/picture/pages/x", "/picture/nothing/x", "/thumbnail/documents/x",
                 f"/picture/pages/{row['page_id']}?n=7"):  # fmt: skip
        assert browser.get(link).status_code in (400, 404), link


def test_a_page_that_became_another_kind_of_row_is_found(browser: Browser, dataset: Path) -> None:
    (conversation,) = rows(dataset, "conversations")
    reject = next(r for r in rows(dataset, "rejects") if r["reason"] == "blank")
    for row, words in ((conversation, "What it costs"), (reject, "blank")):
        doc_id, index = split_page_id(row["page_id"])
        assert words in browser.open(f"/page/{doc_id}/{index:05d}").text
    for link in ("/page/x/y", "/crop/x/y", "/conversation/x/y", "/document/x", "/reject/x"):
        assert browser.get(link).status_code == 404
