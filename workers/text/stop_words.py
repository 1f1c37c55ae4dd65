"""Stop words: eight of the commonest function words of a language, as Gopher takes them of English.

Lists of equal length let one floor, at least two of them, hold in every language (Rae et al. 2021,
appendix A.1.1, for the English ones). Chinese and Japanese are counted by characters, so theirs are
characters. A language without a list is counted as unknown, never as having none.
"""

from __future__ import annotations

_WORDS = {
    "af": "die en van is in het dat nie",
    "ar": "في من على إلى أن عن التي هذا",
    "be": "і у на не што з да як",
    "bg": "и на да в се не за от",
    "bn": "এই ও করে থেকে হয় না একটি জন্য",
    "ca": "de la i que el en per no",
    "cs": "a se v na je že to s",
    "cy": "y yn a i o yr ar mae",
    "da": "og i at det er en til af",
    "de": "der die und in den von zu das",
    "el": "και το να του η της με για",
    "en": "the be to of and that have with",
    "es": "de la que el en y los se",
    "et": "ja on ei et see oli ka kui",
    "eu": "eta da ez bat du dira ere izan",
    "fa": "و در به از که این را با",
    "fi": "ja on ei se että oli hän mutta",
    "fr": "de la le et les des en un",
    "ga": "an na a agus ar i is go",
    "gl": "de a que o e do da en",
    "he": "של את על לא הוא עם זה גם",
    "hi": "के में है की और से का को",
    "hr": "i u je na se da su za",
    "hu": "a az és hogy nem is egy meg",
    "id": "yang dan di dengan untuk dari ini pada",
    "is": "og að í á sem er til var",
    "it": "di e che la il un a per",
    "ja": "の に は を た が で と",
    "ko": "이 그 및 수 것 등 있는 있다",
    "lt": "ir kad į su iš ne tai yra",
    "lv": "un ir ka no uz ar par tas",
    "mk": "и на да се во не за од",
    "ms": "yang dan di dengan untuk dari ini pada",
    "mt": "li u ta il ma fil minn għal",
    "nl": "de het een en van in is dat",
    "no": "og i det er på en til som",
    "pl": "i w na się nie z to że",
    "pt": "de a que o e do da em",
    "ro": "de şi în a la cu pe nu",
    "ru": "и в не на что он с как",
    "sk": "a sa v na je že to s",
    "sl": "in je se v na da za so",
    "sq": "të e në dhe për një me që",
    "sr": "и у је на се да су за",
    "sv": "och i att det som en på är",
    "sw": "na ya wa kwa ni katika za la",
    "tl": "ang ng sa na mga at ay si",
    "tr": "ve bir bu da de için ile çok",
    "uk": "і в не на що з до як",
    "ur": "کے میں کی ہے اور سے کا کو",
    "vi": "và của là có không cho được trong",
    "zh": "的 一 是 不 在 有 人 了",
}
# The letters that are written in two ways: Romanian with a comma or a cedilla below, Serbian in
# Latin letters too.
_ALSO = {"ro": "și", "sr": "i u je na se da su za"}

STOP_WORDS: dict[str, frozenset[str]] = {
    language: frozenset(f"{words} {_ALSO.get(language, '')}".split())
    for language, words in _WORDS.items()
}
"""By code of ISO 639-1, lower-case."""
