"""Pages in other scripts: Arabic from right to left, Japanese in columns, Chinese with Latin."""

from __future__ import annotations

from collections.abc import Sequence

import pymupdf

from tests.benchmarks.pages.right_to_left import seen
from tests.benchmarks.pages.setting import (
    Document,
    document,
    edges,
    font_of,
    line,
    row_of_cells,
    rule,
    width_of,
)

FONT = "dejavu"

_ARABIC = (
    "بنيت المكتبة القديمة سنة 1894 على تلة تطل على الميناء، وكانت تضم نحو 12500 مجلد.",
    "في عام 1931 أهدى الطبيب يوسف الحلبي مجموعته من الخرائط (Ptolemy, 1482) إلى المكتبة، وطلب أن "
    "تعرض في القاعة الشرقية.",
    "تفتح القاعة أبوابها من الساعة 9:30 إلى الساعة 16:45، ويمكن للزائر أن يستعير ثلاثة كتب لمدة "
    "أسبوعين.",
    "تحفظ الفهارس الآن في نظام (Koha) وتنسخ كل ليلة إلى الخادم الاحتياطي في مدينة أخرى.",
)
_ARABIC_ROWS = (("القاعة", "المقاعد", "الطابق"), ("الشرقية", "48", "الأول"),
                ("البحرية", "26", "الثاني"), ("الأطلس", "15", "الثالث"))  # fmt: skip


def arabic() -> Document:
    """Arabic with numbers, and Latin in brackets; a ruled table whose columns go from the right."""
    left, right = 70.0, 525.0

    def fill(page: pymupdf.Page, number: int) -> None:
        line(page, right, 50, seen("دليل زوار الميناء"), FONT, 9, "right")
        line(page, 297, 805, str(number + 26), FONT, 9, "centre")
        y = 90.0
        if number == 1:
            line(page, right, 110, seen("مكتبة الميناء القديمة"), FONT, 18, "right")
            y = 145.0
        for text in _ARABIC:
            for words in _lines(text, right - left, 12):
                line(page, right, y, seen(words), FONT, 12, "right")
                y += 19
            y += 8
        if number == 1:
            xs = edges(right - 270, [90, 90, 90])
            for place, cells in enumerate(_ARABIC_ROWS):
                turned = [seen(cell) for cell in reversed(cells)]
                row_of_cells(page, xs, y + 30 + 24 * place, turned, FONT, 11, "rrr", 10)
            for place in range(len(_ARABIC_ROWS) + 1):
                rule(page, xs[0], y + 14 + 24 * place, xs[-1], y + 14 + 24 * place)
            for x in xs:
                rule(page, x, y + 14, x, y + 14 + 24 * len(_ARABIC_ROWS))

    return document(3, 1, fill)


def _lines(text: str, width: float, size: float) -> list[str]:
    """Lines of Arabic in logical order, at most this wide when they are shaped."""
    lines = [""]
    for word in text.split():
        joined = f"{lines[-1]} {word}".strip()
        if width_of(seen(joined), FONT, size) > width:
            lines.append(word)
        else:
            lines[-1] = joined
    return lines


_STORM = (
    "朝の港はまだ暗く、漁船の灯りだけが水面に揺れていた。源蔵は縄を巻きながら、昨夜の嵐のことを考えていた。",
    "灯台の鐘は三度鳴り、それから長い沈黙が続いた。誰も口を開かず、犬さえも吠えなかった。",
    "町の古い記録によれば、同じような嵐は明治十二年の秋にもあったという。その日、三十七隻の船が帰らず、"
    "浜には名前を書いた板だけが並べられた。源蔵の祖父もまた、その板の一枚に名を残している。",
    "昼過ぎになって雲が切れ、沖に白い帆がひとつ見えた。子どもたちが石段を駆け下り、女たちは黙って手を合わせた。",
    "帆は少しずつ大きくなり、やがて舳先に描かれた赤い印が読めるようになった。それは隣村の船であった。",
)
_HANGING = "、。"


def _upright(
    writer: pymupdf.TextWriter,
    x: float,
    y: float,
    text: str,
    size: float,
    bottom: float,
    pitch: float,
) -> float:
    """Set characters from `y` down in columns from `x` to the left; the x of the last column."""
    top = y
    for number, char in enumerate(text):
        if y > bottom and char not in _HANGING:
            x, y = x - pitch, top if number else y
        shift = (0.55 * size, -0.55 * size) if char in _HANGING else (0.0, 0.0)
        writer.append((x + shift[0], y + shift[1]), char, font_of("japan"), size)
        y += size * 1.08
    return x


def japanese_columns() -> Document:
    """A page of a novel: each character set by itself, in columns from right to left."""

    def fill(page: pymupdf.Page, number: int) -> None:
        writer = pymupdf.TextWriter(page.rect)
        writer.append((60, 45), "港の人びと", font_of("japan"), 9)
        writer.append((60, 560), str(number + 45), font_of("helv"), 9)
        x = 350.0
        if number == 1:
            _upright(writer, x, 90, "第二章嵐のあと", 18, 520, 30)
            x -= 46
        for place in range(len(_STORM)):
            text = _STORM[(place + (0 if number == 1 else 2)) % len(_STORM)]
            x = _upright(writer, x, 80, "\u3000" + text, 12, 510, 22) - 22
        writer.write_text(page)

    return document(3, 1, fill, (420.0, 595.0))


_ARCHIVE = (
    "港口档案馆成立于1906年，最初设在旧海关的二楼。馆内保存着三万两千份航海日志、船舶图纸和税务账册，"
    "其中最早的一份写于乾隆四十三年。",
    "1958年，工程师林树森用 Fortran 语言编写了第一套索引程序，并在 IBM 704 计算机上运行。"
    "打印出来的目录有六百多页，至今仍放在阅览室的玻璃柜里。",
    "如今读者可以通过 OpenURL 接口查询目录，也可以使用缩微胶片阅读机。每份文件最多可借阅十四天，"
    "逾期者须向管理员说明理由。",
)
_ARCHIVE_RIGHT = (
    "修复室设在地下一层。纸张先用蒸馏水清洗，再以 Japanese tissue 托裱，最后压平三昼夜。"
    "去年共修复地图一百一十七幅。",
    "档案馆每逢周三下午开放参观，讲解员轮流使用普通话和 English。团体须提前五天预约，"
    "学生凭证免费。",
)


def _unspaced_lines(text: str, width: float, size: float) -> Sequence[str]:
    """Lines that may break between any two Chinese characters, not inside a Latin word."""
    pieces: list[str] = []
    for char in text:
        is_latin = char.isascii() and char != " "
        if pieces and is_latin and pieces[-1][-1].isascii() and pieces[-1][-1] != " ":
            pieces[-1] += char
        else:
            pieces.append(char)
    lines = [""]
    for piece in pieces:
        is_mark = piece in "，。、"
        if font_of("china-s").text_length(lines[-1] + piece, size) > width and not is_mark:
            lines.append("")
        lines[-1] += piece if lines[-1] or piece != " " else ""
    return lines


def chinese_latin() -> Document:
    """Chinese in two columns with Latin words in it, a running head and a dotted page number."""

    def fill(page: pymupdf.Page, number: int) -> None:
        writer, font = pymupdf.TextWriter(page.rect), font_of("china-s")
        writer.append((60, 50), "第三章 档案与目录", font, 9)
        writer.append((285, 800), f"· {number + 57} ·", font, 9)
        y = 90.0
        if number == 1:
            writer.append((210, 105), "港口档案馆简史", font, 22)
            y = 150.0
        for x, texts in ((60, _ARCHIVE), (310, _ARCHIVE_RIGHT)):
            at = y
            for text in texts if number == 1 else texts[::-1]:
                for words in _unspaced_lines("\u3000\u3000" + text, 226, 11):
                    writer.append((x, at), words, font, 11)
                    at += 19
        writer.write_text(page)

    return document(3, 1, fill)


SCRIPT_PAGES = {
    "arabic": arabic,
    "japanese_columns": japanese_columns,
    "chinese_latin": chinese_latin,
}
