"""A page of a PDF in every way that it can lie: turned by its file, drawn sideways, mirrored."""

from __future__ import annotations

import pymupdf

PROSE = (
    "The kiln was fired twice in the spring, and the second firing gave the better glaze. "
    "Clay from the river bank was dug in March, left to weather, and wedged by hand. "
)
CELLS = [["Bowl", "Days"], ["tall", "12"], ["flat", "7"]]
WIDTH, HEIGHT = 400, 560

# name: matrix that the content is drawn through, sides of the page, and /Rotate
TURNS = {0: "1 0 0 1 0 0", 90: f"0 -1 1 0 0 {WIDTH}", 180: f"-1 0 0 -1 {WIDTH} {HEIGHT}"}
TURNS[270] = f"0 1 -1 0 {HEIGHT} 0"
MIRRORS = {
    0: f"-1 0 0 1 {WIDTH} 0",
    90: "0 1 1 0 0 0",
    180: f"1 0 0 -1 0 {HEIGHT}",
    270: f"0 -1 -1 0 {HEIGHT} {WIDTH}",
}
LIES: dict[str, tuple[str, int, int, bool]] = {
    f"{'mirrored' if is_mirrored else 'drawn'}_{drawn}_rotate_{rotate}": (
        matrix,
        drawn,
        rotate,
        is_mirrored,
    )
    for is_mirrored, matrices in ((False, TURNS), (True, MIRRORS))
    for drawn, matrix in matrices.items()
    for rotate in (0, 90, 180, 270)
}
"""How far, clockwise, the content is turned after it was mirrored, and the page's /Rotate."""


def upright_turn(name: str) -> int:
    """The degrees clockwise that make the displayed page upright, after it was mirrored back.

    Mirroring reverses a turn: clockwise becomes counter-clockwise.
    """
    _, drawn, rotate, is_mirrored = LIES[name]
    return (drawn + rotate if is_mirrored else -drawn - rotate) % 360


def draw_layout(page: pymupdf.Page, prose: str = PROSE) -> None:
    """A heading, two paragraphs, a ruled table and a picture: nothing on it is symmetric."""
    page.insert_text((40, 60), "The Kiln", fontsize=22)
    assert page.insert_textbox((40, 90, 360, 200), prose * 2, fontsize=10) >= 0
    x, y, wide, high = 60, 230, 90, 24
    for row in range(4):
        page.draw_line((x, y + row * high), (x + 2 * wide, y + row * high))
    for column in range(3):
        page.draw_line((x + column * wide, y), (x + column * wide, y + 3 * high))
    for row, cells in enumerate(CELLS):
        for column, text in enumerate(cells):
            page.insert_text((x + column * wide + 6, y + row * high + 16), text, fontsize=10)
    grey = pymupdf.Pixmap(pymupdf.csGRAY, (0, 0, 40, 40))
    grey.clear_with(120)
    page.insert_image((200, 340, 360, 440), pixmap=grey, keep_proportion=False)
    assert page.insert_textbox((40, 460, 360, 540), prose, fontsize=10) >= 0


def turned_pdf(name: str, prose: str = PROSE) -> bytes:
    """The layout on a page that lies as `LIES` says."""
    matrix, drawn, rotate, _ = LIES[name]
    with pymupdf.open() as document:
        page = document.new_page(width=WIDTH, height=HEIGHT)
        draw_layout(page, prose)
        streams = [document.xref_stream(xref) for xref in page.get_contents()]
        content = b"q " + matrix.encode() + b" cm\n" + b"\n".join(streams) + b"\nQ"
        xref = document.get_new_xref()
        document.update_object(xref, "<<>>")
        document.update_stream(xref, content)
        page.set_contents(xref)
        if drawn % 180:
            page.set_mediabox(pymupdf.Rect(0, 0, HEIGHT, WIDTH))
        page.set_rotation(rotate)
        return bytes(document.tobytes(deflate=True))
