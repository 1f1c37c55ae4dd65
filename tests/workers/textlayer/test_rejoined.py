"""Parts of one line that MuPDF gives apart, and cells of tables, which stay apart."""

from __future__ import annotations

from workers.textlayer.lines import Line
from workers.textlayer.rejoined import rejoined


def line(text: str, x: float, *, y: float = 0, block: int = 0, **more: object) -> Line:
    width = 5.0 * len(text)
    return Line(text, (x, y, x + width, y + 12), 10, block, **more)  # type: ignore[arg-type]


def texts(
    lines: list[Line], rules: tuple[tuple[float, float, float, float], ...] = ()
) -> list[str]:
    return [joined.text for joined in rejoined(lines, rules)]


def test_a_heading_has_its_number() -> None:
    heading = [line("3.2", 0, is_bold=True), line("Bends", 30, is_bold=True)]
    assert texts(heading) == ["3.2 Bends"]
    command = [line("3.2", 0, is_bold=True), line("\\bend", 30, is_mono=True)]
    assert rejoined(command, ())[0].is_bold


def test_rows_of_lists_and_tables_stay_apart() -> None:
    assert texts([line("3.2", 0), line("Bends", 30)]) == ["3.2", "Bends"]
    far = [line("3", 0, is_bold=True), line("Bends", 90, is_bold=True)]
    assert texts(far) == ["3", "Bends"]
    numbers = [line("3", 0, is_bold=True), line("4", 20, is_bold=True)]
    assert texts(numbers) == ["3", "4"]


WORDS = ["The", "document", "class", "is", "set"]


def spread(gaps: list[float], block: int = 0) -> list[Line]:
    lines, x = [], 0.0
    for word, gap in zip(WORDS, [*gaps, 0], strict=True):
        lines.append(line(word, x, block=block))
        x = lines[-1].box[2] + gap
    return lines


def test_a_stretched_line_is_one() -> None:
    below = line("in the usual command of its package.", 0, y=14)
    assert texts([*spread([12, 12, 13, 12]), below])[0] == " ".join(WORDS)


def test_cells_are_not() -> None:
    below = line("in the usual command of its package.", 0, y=14)
    assert texts([*spread([12, 8, 18, 12]), below])[:2] == WORDS[:2], "gaps differ"
    cells = [line("a", 0, y=14), line("b", 40, y=14)]
    assert texts([*spread([12, 12, 12, 12]), *cells])[:2] == WORDS[:2], "no longer line in it"


def test_underscores_that_are_rules() -> None:
    parts = [line("put", 0, block=1), line("string()", 19, block=2)]
    assert texts(parts, ((15.5, 11, 18.5, 11.4),)) == ["put_string()"]
    assert texts(parts, ((0, 11, 60, 11.4),)) == ["put", "string()"], "a ruling line under both"
    assert texts(parts) == ["put", "string()"]
