"""Pages with more than one stream of text: columns, footnotes, cards, forms and drawings."""

from __future__ import annotations

import pymupdf

from tests.benchmarks.pages import prose
from tests.benchmarks.pages.setting import (
    Document,
    document,
    line,
    paragraph,
    paragraphs,
    rule,
)

LEFT, RIGHT, WIDTH = 60.0, 535.0, 475.0
_PALE = ((0.90, 0.94, 0.98), (0.98, 0.93, 0.86), (0.91, 0.96, 0.90))


def cards() -> Document:
    """A column of text with three tinted cards beside it, written to the file row by row."""
    boxes = [
        ("Opening hours", ["Tuesday to Friday, 9 to 17", "Saturday, 10 to 14", "Closed in Lent"]),
        ("How to get here", ["Tram 6 to Ropewalk, then", "four minutes on foot along",
                             "the dry dock."]),
        ("Did you know?", ["The reading room was once", "a sail loft; its floor still",
                            "shows the awl marks."]),
    ]  # fmt: skip
    texts = (prose.HARBOUR, prose.LETTERS, prose.PAPER)

    def fill(page: pymupdf.Page, _number: int) -> None:
        line(page, LEFT, 80, "The Maritime Archive", "figbo", 24)
        line(page, LEFT, 104, "A short guide for visitors", "figit", 12)
        y = 140.0
        for tint, (title, words), text in zip(_PALE, boxes, texts, strict=True):
            page.draw_rect((370, y - 16, RIGHT, y + 96), color=None, fill=tint)
            line(page, 382, y + 4, title, "figbo", 11)
            bottom = paragraph(page, LEFT, y, 285, text, "figo", 10)
            for number, part in enumerate(words):
                line(page, 382, y + 24 + 15 * number, part, "figo", 9.5)
            y = max(bottom, y + 112) + 16
        paragraph(page, LEFT, y, WIDTH, prose.WEAVING, "figo", 10)

    return document(1, 0, fill)


def form() -> Document:
    """A form: small labels above boxed fields, two beside each other, and boxes to tick."""
    fields = [
        ("Surname", "Thistlewood", "Given names", "Agnes Maud"),
        ("Date of birth", "17 March 1958", "Place of birth", "Kirkbride"),
        ("Street and number", "29 Cooper's Wynd", "Postcode and town", "4417 Harrowgate"),
        ("Occupation", "Bookbinder", "Library card", "HX-20931"),
    ]

    def fill(page: pymupdf.Page, _number: int) -> None:
        line(page, LEFT, 75, "Application for a Reader's Ticket", "hebo", 17)
        paragraph(page, LEFT, 97, WIDTH, "Please fill in this form in block letters and return it "
                  "to the desk on the second floor.", "helv", 9.5)  # fmt: skip
        for number, cells in enumerate(fields):
            top = 135.0 + 52 * number
            for side, x in enumerate((LEFT, 305.0)):
                page.draw_rect((x, top, x + 230, top + 40), width=0.6)
                line(page, x + 5, top + 11, cells[2 * side], "helv", 7)
                line(page, x + 8, top + 31, cells[2 * side + 1], "cour", 12)
        y = 372.0
        line(page, LEFT, y, "Purpose of your research", "hebo", 11)
        for number, (text, ticked) in enumerate(
            (("Private study", False), ("Degree or thesis", True), ("Work for a client", False))
        ):
            top = y + 12 + 20 * number
            page.draw_rect((LEFT, top, LEFT + 10, top + 10), width=0.7)
            if ticked:
                rule(page, LEFT + 1.5, top + 1.5, LEFT + 8.5, top + 8.5, 1.2)
                rule(page, LEFT + 1.5, top + 8.5, LEFT + 8.5, top + 1.5, 1.2)
            line(page, LEFT + 18, top + 9, text, "helv", 10)
        y = 475.0
        line(page, LEFT, y, "Declaration", "hebo", 11)
        y = paragraph(page, LEFT, y + 18, WIDTH, "I shall handle manuscripts with clean hands, use "
                      "pencil only, and lay folios on the foam wedges. I know that bags, umbrellas "
                      "and cut flowers stay in the cloakroom.", "helv", 10)  # fmt: skip
        rule(page, LEFT, y + 40, 250, y + 40)
        line(page, LEFT, y + 52, "Place and date", "helv", 7)
        rule(page, 305, y + 40, RIGHT, y + 40)
        line(page, 305, y + 52, "Signature of the applicant", "helv", 7)
        line(page, LEFT, 810, "Form RT/4 (rev. 2011)", "helv", 7)
        line(page, RIGHT, 810, "Page 1 of 2", "helv", 7, "right")

    return document(1, 0, fill)


def three_columns() -> Document:
    """A magazine page: a heading across three columns, a running head and a foot."""
    columns = (
        (prose.SALT, prose.MAPS, prose.BEES, prose.GLASS),
        (prose.CLOCKS, prose.ORCHARDS, prose.WEAVING),
        (prose.TRAINS, prose.RIVERS, prose.BELLS),
    )

    def fill(page: pymupdf.Page, number: int) -> None:
        line(page, LEFT, 42, "THE QUARTERLY LANTERN", "hebo", 8)
        line(page, RIGHT, 42, "Autumn 1987", "helv", 8, "right")
        rule(page, LEFT, 48, RIGHT, 48, 0.4)
        line(page, 297, 812, f"{number + 31}", "helv", 9, "centre")
        if number == 1:
            line(page, 297, 100, "What the Tide Left Behind", "tibo", 28, "centre")
            deck = "Four trades that lived by the shore, and how they ended"
            line(page, 297, 124, deck, "tiit", 13, "centre")
            rule(page, LEFT, 138, RIGHT, 138, 0.8)
        top, order = (162.0, (0, 1, 2)) if number == 1 else (80.0, (2, 0, 1))
        for place, column in enumerate(order):
            paragraphs(page, LEFT + 164 * place, top, 147, columns[column], "tiro", 9.5, 8)

    return document(3, 1, fill)


# A bar stands where a word may be parted.
_GUILD = (
    "Nobody disputes that the guild kept two sets of weights. What is less well under|stood is why "
    "the second set survived the inspection of 1688.",
    "The inspector, a certain Valdemar Quist, writes that he saw 'a coffer with brasses, green "
    "with neglect', and passed on. His superiors did not ask what a coffer of un|used brasses was "
    "doing in a count|ing|house that traded every day.",
    prose.PAPER,
    prose.HARBOUR,
    prose.ORCHARDS,
    "The ex|pla|na|tion lies in the cal|en|dar. In|spec|tions were announced at Michael|mas, and a "
    "guild that knows the date of its ex|am|i|na|tion is rarely found un|pre|pared.",
)
_MUSEUM = (
    "A comparison of the two sets was made only in 1931, when the museum acquired both. The "
    "de|vi|a|tion was not random: each piece of the second set was heavier by a thirty-second.",
    prose.GLASS,
    prose.BELLS,
    prose.CLOCKS,
    "It follows that the mer|chants bought by one set and sold by the other. The margin amounts to "
    "three per cent, which is about the yearly rent of a gran|ary on the east|ern quay, and hardly "
    "the for|tune that the bal|lads speak of.",
)


def two_columns_footnotes() -> Document:
    """Two columns with hyphenated words, each with its own footnotes under a short rule."""
    notes = (
        (("1", "Guild rolls, bundle 14, leaf 3, verso; the ink has bled through."),
         ("2", "Quist to the chamber, 9 October 1688.")),
        (("3", "The ledger of acquisitions gives the price as forty crowns."),
         ("4", "See the ballad of the Brazen Pound, stanza eleven.")),
    )  # fmt: skip
    # A mark stands after the last word of the paragraph at this place in its column.
    marks = (((0, "1"), (1, "2")), ((0, "3"), (4, "4")))

    def fill(page: pymupdf.Page, number: int) -> None:
        even = number % 2 == 0
        head = "Proceedings of the Society" if even else "Weights of the Guild"
        line(page, 297, 48, head, "tiit", 9, "centre")
        line(page, LEFT if even else RIGHT, 48, str(204 + number), "tiro", 9,
             "left" if even else "right")  # fmt: skip
        for side, (texts, x) in enumerate(((_GUILD, LEFT), (_MUSEUM, 308.0))):
            y = 84.0
            for place, text in enumerate(texts):
                y = paragraph(
                    page, x, y, 227, text.replace("|", "\u00ad"), indent=0 if place == 0 else 12
                )
                for at, mark in marks[side]:
                    if at == place:
                        end = _end_of_last_line(page, x)
                        line(page, end + 0.5, y - 16, mark, "tiro", 6.5)
            top = 740.0
            rule(page, x, top, x + 70, top, 0.5)
            top += 13
            for mark, text in notes[side]:
                line(page, x, top - 3, mark, "tiro", 6)
                top = paragraph(page, x + 6, top, 221, text, size=8, leading=1.2) + 2

    return document(4, 2, fill)


def _end_of_last_line(page: pymupdf.Page, x: float) -> float:
    """Where the text written last, which begins near `x`, ends."""
    words = [word for word in page.get_text("words", sort=False) if x - 1 <= word[0] <= x + 230]
    return float(words[-1][2])


def drawing() -> Document:
    """A drawing of a pump with labelled parts between paragraphs, and its caption."""
    labels = [("Float chamber", 150, 302), ("Intake valve", 148, 412), ("Piston rod", 372, 262),
              ("Crank wheel", 372, 330), ("Outlet to cistern", 372, 430)]  # fmt: skip

    def fill(page: pymupdf.Page, _number: int) -> None:
        line(page, LEFT, 80, "2.4 The tide pump", "notosbo", 14)
        paragraph(page, LEFT, 106, WIDTH, prose.HARBOUR, "notos", 9.5)
        page.draw_rect((230, 250, 300, 440), width=1.2)
        page.draw_rect((242, 280, 288, 320), width=0.8)
        page.draw_circle((330, 335), 26, width=1)
        page.draw_line((265, 230), (265, 380), width=1.5)
        page.draw_line((265, 300), (330, 335), width=1)
        page.draw_rect((236, 400, 260, 425), width=0.8)
        for ends in (((215, 299), (242, 299)), ((205, 409), (236, 412)), ((368, 259), (267, 259)),
                     ((368, 327), (356, 332)), ((368, 427), (300, 432))):  # fmt: skip
            page.draw_line(*ends, width=0.5)
        for text, x, base in labels:
            line(page, x, base, text, "notos", 8)
        caption = "Figure 9. The pump as drawn by the millwright in 1803, after the flood."
        line(page, 297, 470, caption, "notosit", 9, "centre")
        y = paragraph(page, LEFT, 505, WIDTH, prose.SALT, "notos", 9.5) + 8
        paragraph(page, LEFT, y, WIDTH, prose.RIVERS, "notos", 9.5)

    return document(1, 0, fill)


COLUMN_PAGES = {
    "cards": cards,
    "form": form,
    "three_columns": three_columns,
    "two_columns_footnotes": two_columns_footnotes,
    "drawing": drawing,
}
