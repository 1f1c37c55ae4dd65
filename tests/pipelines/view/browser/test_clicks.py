"""What a person does in the viewer: filters, keys, rejects, changes, notes."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect

from tests.pipelines.view.browser.exhibits import MAIL, NAME
from tests.pipelines.view.browser.visiting import Tab, Viewer, opened


def title(page: Page) -> Locator:
    return page.locator("h1")


def follow(page: Page, name: str, within: str = "main") -> None:
    page.locator(within).get_by_role("link", name=name).first.click()


def press(page: Page, *keys: str) -> None:
    """Press keys, once the page's script listens to them."""
    page.wait_for_load_state("domcontentloaded")
    for key in keys:
        page.keyboard.press(key)


def open_row(tab: Tab, name: str, table: str = "pages") -> Page:
    """Go to a list and follow the row with this name."""
    tab.open(f"/?table={table}")
    tab.page.locator("[data-card]", has_text=name).first.click()
    expect(title(tab.page)).to_contain_text(name)
    return tab.page


def is_drawn(picture: Locator) -> bool:
    """Whether a picture has come and could be decoded."""
    expect(picture).to_have_js_property("complete", True)
    return int(picture.evaluate("image => image.naturalWidth")) > 0


def test_a_filter_holds_in_the_link_and_in_the_history(tab: Tab) -> None:
    page = tab.page
    expect(title(page)).to_have_text("13 pages")
    follow(page, "und 2", within="aside")
    expect(title(page)).to_have_text("2 pages")
    expect(page.locator("[data-card]")).to_have_count(2)
    chosen = page.url
    page.go_back()
    expect(title(page)).to_have_text("13 pages")
    page.go_forward()
    expect(title(page)).to_have_text("2 pages")
    page.goto(chosen)
    expect(title(page)).to_have_text("2 pages")
    page.get_by_role("link", name="Take away: language: und").click()
    expect(title(page)).to_have_text("13 pages")


def test_bounds_are_typed(tab: Tab) -> None:
    tab.page.locator("aside [name=max_quality]").fill("0.8")
    tab.page.get_by_role("button", name="Apply").click()
    expect(title(tab.page)).to_have_text("3 pages")
    expect(tab.page.locator("aside [name=max_quality]")).to_have_value("0.8")
    tab.open("/?max_quality=0.1&language=en")
    expect(title(tab.page)).to_have_text("0 pages")
    follow(tab.page, "Take away: quality at most 0.1")
    expect(tab.page.locator(".chips")).to_have_text("language: en ×")


def test_a_search_marks_what_it_finds_and_its_rows_lead_back(tab: Tab) -> None:
    page = tab.page
    press(page, "/")
    page.keyboard.type("wells of the north")
    press(page, "Enter")
    expect(title(page)).to_have_text("1 page")
    expect(page.locator("mark").first).to_have_text("Wells")
    page.locator("[data-card]").click()
    expect(title(page)).to_have_text("wells.md, record 1, page 1")
    expect(page.locator(".way")).to_contain_text("1 of 1")
    press(page, "u")
    expect(page.locator("mark").first).to_have_text("Wells")


def test_the_keys_lead_through_a_list(tab: Tab) -> None:
    page, way = tab.page, tab.page.locator(".way")
    press(page, "j", "j", "Enter")
    expect(way).to_contain_text("2 of 13")
    press(page, "j")
    expect(way).to_contain_text("3 of 13")
    press(page, "k")
    expect(way).to_contain_text("2 of 13")
    shown = page.locator(".words > .tools [aria-current]")
    press(page, "r")
    expect(shown).to_have_text("as stored")
    press(page, "r")
    expect(shown).to_have_text("rendered")
    press(page, "?")
    expect(page.locator("dialog")).to_be_visible()
    press(page, "Escape")
    expect(page.locator("dialog")).to_be_hidden()
    press(page, "o")
    expect(page.locator(".boxes")).to_be_hidden()
    press(page, "u")
    expect(title(page)).to_have_text("13 pages")


def test_a_block_and_its_text_are_marked_together(tab: Tab) -> None:
    page = open_row(tab, "wells.md")
    block, box = page.locator("#block-1"), page.locator("#box-1")
    box.hover()
    expect(block).to_have_class("block marked")
    expect(page.locator("#block-0")).not_to_have_class("block marked")
    page.locator("#block-2").hover()
    expect(page.locator("#box-2")).to_have_class("box marked")
    expect(block).not_to_have_class("block marked")
    box.click()
    assert page.url.endswith("#block-1")
    page.locator("#block-2 .place").click()
    assert page.url.endswith("#box-2")


def test_tables_are_tables_and_formulas_are_formulas(tab: Tab) -> None:
    page = open_row(tab, "tables, record 1")
    expect(page.locator(".words table tr")).not_to_have_count(0)
    page = open_row(tab, "formulas, record 1")
    expect(page.locator(".words math")).to_have_count(1)
    assert is_drawn(page.locator(".sheet img"))


def test_a_duplicate_stands_beside_its_keeper(tab: Tab) -> None:
    tab.open("/rejects")
    follow(tab.page, "duplicate", within="aside")
    expect(title(tab.page)).to_have_text("1 reject")
    tab.page.locator("[data-card]").click()
    expect(tab.page.locator(".difference :is(ins, del)")).to_have_text("zebra")
    pictures = tab.page.locator(".sheet img")
    expect(pictures).to_have_count(2)
    assert all(map(is_drawn, pictures.all()))
    follow(tab.page, ".pdf, page 1")
    expect(tab.page.locator(".facts", has_text="Dropped for it")).to_have_count(1)
    follow(tab.page, ".pdf, page 1")
    expect(tab.page.locator(".warning")).to_contain_text("duplicate")


def test_a_reject_has_its_picture_and_its_reason(tab: Tab) -> None:
    page = open_row(tab, "empty-page.pdf, page 2", "rejects")
    expect(page.locator(".warning")).to_contain_text("blank: nothing is drawn on the page")
    assert is_drawn(page.locator(".sheet img"))
    press(page, "d")
    expect(title(page)).to_have_text("empty-page.pdf")
    expect(page.locator(".card.rejected")).to_contain_text("page 2")


def test_a_document_leads_to_its_pages_and_its_crops(tab: Tab) -> None:
    page = open_row(tab, NAME, "documents")
    follow(page, "page 1 · figure")
    expect(title(page)).to_have_text(f"Figure of {NAME}, page 1")
    assert is_drawn(page.locator(".sheet img"))
    follow(page, "its page")
    expect(title(page)).to_have_text(f"{NAME}, page 1")


def test_a_conversation_is_a_chat(tab: Tab) -> None:
    page = open_row(tab, "chats.jsonl", "conversations")
    expect(page.locator(".message")).to_have_count(2)
    assert is_drawn(page.locator(".message img").first)
    page.get_by_text("its text").first.click()
    expect(page.locator("figcaption pre").first).to_be_visible()


def test_changes_are_shown_page_by_page(tab: Tab) -> None:
    page = tab.page
    follow(page, "changes", within="header")
    follow(page, "policy", within="aside")
    page.locator("[data-card]").click()
    expect(page.locator("del")).to_have_text(MAIL)
    expect(page.locator("ins")).to_have_text("[EMAIL]")


def test_an_older_version_stays_chosen(tab: Tab) -> None:
    page = tab.page
    page.get_by_text("version 2", exact=True).click()
    follow(page, "version 1", within="header")
    follow(page, "rejects", within="header")
    follow(page, "pages", within="header")
    expect(title(page)).to_have_text("14 pages")
    expect(page.get_by_text("version 1", exact=True)).to_be_visible()


def test_a_note_is_kept_over_a_restart_and_exported(
    tab: Tab, chromium: Browser, viewer: Viewer, tmp_path: Path
) -> None:
    page = open_row(tab, "comes.pdf")
    press(page, "w")
    page.keyboard.type('the "margin" is <b>cut</b>')
    press(page, "Escape", "b")
    expect(page.get_by_role("button", name="Bad", pressed=True)).to_be_visible()
    viewer.restart()
    with opened(chromium, viewer) as later:
        page = later.page
        expect(page.locator(".card.bad")).to_contain_text("comes.pdf")
        follow(page, "notes", within="header")
        expect(page.locator(".card.bad")).to_contain_text('the "margin" is <b>cut</b>')
        with page.expect_download() as download:
            follow(page, "as JSON lines")
        download.value.save_as(tmp_path / "notes.jsonl")
        (note,) = map(json.loads, (tmp_path / "notes.jsonl").read_text().splitlines())
        assert (note["verdict"], note["why"]) == ("bad", 'the "margin" is <b>cut</b>')
        page.locator("[data-card]").click()
        page.get_by_role("button", name="Take back").click()
        expect(page.get_by_role("button", name="Take back")).to_have_count(0)
