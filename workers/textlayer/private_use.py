"""Private-use characters on whose meaning most fonts agree, and characters that have none. Pure.

The meanings are Adobe's, of its glyph list for the corporate use subarea (old-style digits, small
capitals, pieces of tall brackets, Cyrillic alternates), and Windows' of Symbol and Wingdings.
"""

from __future__ import annotations

_BRACKET_PIECES = dict(zip(range(0xF8EB, 0xF8FF), "⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪⎮⎞⎟⎠⎤⎥⎦⎫⎬⎭", strict=True))
BRACKET_PIECES = "".join(_BRACKET_PIECES.values())

_WINDOWS_SIGNS = {
    **dict(zip((0xF0B7, 0xF0A7, 0xF0D8, 0xF0FC, 0xF02D), "•▪➢✓\u2212", strict=True)),
    **{0xF0A8: "▪", 0xF06E: "▪", 0xF06C: "•", 0xF076: "•", 0xF0E0: "→", 0xF0FE: "☑"},
}
_SMALL_CAPITALS = {
    **{0xF761 + letter: chr(0x41 + letter) for letter in range(26)},
    **{0xF700 + code: chr(code - 0x20) for code in range(0xE0, 0xFF) if code != 0xF7},
    **{0xF6F9: "Ł", 0xF6FA: "Œ", 0xF6FD: "Š", 0xF6FF: "Ž", 0xF7FF: "Ÿ"},
    **{0xF721: "!", 0xF726: "&", 0xF73F: "?", 0xF7A1: "¡", 0xF7BF: "¿"},
}
_DIGITS_AND_SIGNS = {
    **{0xF730 + digit: str(digit) for digit in range(10)},
    **{0xF6BE: "ȷ", 0xF6DC: "1", 0xF6DE: "—", 0xF724: "$", 0xF7A2: "¢"},
    **dict(zip(range(0xF6DF, 0xF6E9), "¢¢,,$$--..", strict=True)),
    **dict(zip(range(0xF6E9, 0xF6F4), "abdeilmorst", strict=True)),
    **dict(zip((0xF6D9, 0xF6DA, 0xF6DB, 0xF8E8, 0xF8E9, 0xF8EA), "©®™®©™", strict=True)),
}
_CYRILLIC = dict(zip(range(0xF6C4, 0xF6C9), "гбдпт", strict=True))
KNOWN_PRIVATE: dict[int, str] = {
    **_WINDOWS_SIGNS,
    **_SMALL_CAPITALS,
    **_DIGITS_AND_SIGNS,
    **_CYRILLIC,
    **_BRACKET_PIECES,
}
"""The character for each code."""

NONCHARACTERS = "\ufdd0-\ufdef\ufffe\uffff" + "".join(
    chr(plane + last) for plane in range(0x10000, 0x110000, 0x10000) for last in (0xFFFE, 0xFFFF)
)
"""As part of a class of a regular expression: what Unicode keeps free of any character."""
