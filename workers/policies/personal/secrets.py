"""Keys of well-known makers, and passwords beside the words that announce them.

Owns what may be a secret and how random it must be. The makers' forms are in `secret_forms`.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

from schemas.findings import Finding
from workers.policies.personal.evidence import finding
from workers.policies.personal.secret_forms import FORMS

_LEAST_BITS = 2.5
"""Of Shannon entropy a character: `sk-xxxxxxxx` and other examples have less; real keys, which are
drawn at random from 16 signs or more, have 3.5 and above at their lengths."""
_LEAST_BITS_OF_PASSWORD = 2.0
_LONG_WORD = re.compile(r"\S{20}")
"""The shortest key, an access key of AWS, has 20 signs: one scan spares most pages sixty."""
_EXAMPLE = re.compile(r"EXAMPLE|example|x{6,}|X{6,}|0{8,}|1234567890abcdef")

_URL_LOGIN = re.compile(r"\b[a-z][a-z0-9+.-]{1,14}://[^\s:/@]{1,64}:([^\s:/@]{3,64})@[\w.-]+", re.I)

_KEYWORDS = (
    *(
        "password",
        "passwd",
        "passphrase",
        "passcode",
        "pwd",
        "secret",
        "api_key",
        "api key",
        "apikey",
    ),
    *("access_key", "access key", "auth_token", "access_token", "access token", "client_secret"),
    *("pass:", "pin:", "passwort", "kennwort", "mot de passe", "contraseña", "clave", "senha"),
    *("palavra-passe", "parola d'ordine", "wachtwoord", "hasło", "heslo", "jelszó", "lösenord"),
    *(
        "пароль",
        "密码",
        "密碼",
        "パスワード",
        "비밀번호",
        "암호",
        "كلمة المرور",
        "كلمة السر",
        "पासवर्ड",
    ),
)
_SIGN = (
    r"[\"'`]?\s{0,2}(?:[:=：＝]|=>|:=)\s{0,2}"
    r"|\s(?:is:?|is now|ist|lautet|est|es|é|è|jest|—|–|-)\s|[は는은是为]\s?:?|\s?[:：]?\s{0,2}\|\s"
)
_ANNOUNCED = re.compile(
    rf"(?P<word>{'|'.join(map(re.escape, sorted(_KEYWORDS, key=len, reverse=True)))})"
    rf"(?:[ ]?\([^()\n]{{1,20}}\))?(?P<sign>{_SIGN})"
    r"(?P<quote>[\"'`«“]?)(?P<value>[^\s\"'`«»“”|<>]{4,128})",
    re.IGNORECASE,
)
_NOT_VALUES = re.compile(
    r"[*•.xX_-]+|\$.*|\{.*|\[.*|%.*%|https?:.*|.*\(.*|\w+\[.*|(?:none|null|true|false|required|optional|string)"
    r"|.*[.]\w+[.]\w+[.]\w+",  # a call, a path in code
    re.IGNORECASE,
)


def secrets(text: str) -> list[Finding]:
    """All keys of well-known makers.

    >>> key = "ghp_" + "a8Kd02LmQx" * 3 + "Zr71Tb"
    >>> [f.detail for f in secrets(f"export TOKEN={key}")]
    ['github']
    """
    if not _LONG_WORD.search(text) and "PRIVATE KEY" not in text:
        return []
    found = []
    for form in FORMS:
        if form.literal not in text:
            continue
        for match in form.form.finditer(text):
            value = match[0]
            is_key_block = form.maker == "private key"
            if is_key_block or (not _EXAMPLE.search(value) and bits(value) >= _LEAST_BITS):
                found.append(finding("secret", *match.span(), 1.0, form.maker))
    return found


def passwords(text: str) -> list[Finding]:
    """What stands after a word for password or key and may be one.

    >>> text = "Password: Gr8-harbour! The password is required. pwd = ${SECRET}"
    >>> [text[f.start:f.end] for f in passwords(text)]
    ['Gr8-harbour!']
    """
    found = list(_of_urls(text)) if "://" in text and "@" in text else []
    low = text.lower()
    if any(word in low for word in _KEYWORDS):
        found += _announced(text)
    return found


def _of_urls(text: str) -> Iterator[Finding]:
    for match in _URL_LOGIN.finditer(text):
        if not _NOT_VALUES.fullmatch(match[1]):
            yield finding("password", *match.span(1), 0.9, "URL")


def _announced(text: str) -> Iterator[Finding]:
    for match in _ANNOUNCED.finditer(text):
        value = match["value"].rstrip(".,;:)]" if not match["quote"] else "")
        value = value.removesuffix("\\")
        certainty = _certainty(value, is_said=match["sign"].strip().isalpha())
        if certainty:
            start = match.start("value")
            detail = "key" if "key" in match["word"] or "token" in match["word"] else "password"
            yield finding("password", start, start + len(value), certainty, detail)


def _certainty(value: str, is_said: bool) -> float:
    """How surely a value is a password: by the kinds of its signs, and how they vary.

    `is_said` is whether a verb stands before it, as in "the password is", which goes on in prose
    more often than not.
    """
    if len(value) < 4 or _NOT_VALUES.fullmatch(value) or _EXAMPLE.search(value):
        return 0.0
    kinds = sum(
        any(map(is_kind, value))
        for is_kind in (str.islower, str.isupper, str.isdigit, lambda sign: not sign.isalnum())
    )
    is_plain_word = value.isalpha() and (value.islower() or value.istitle() or value.isupper())
    if is_plain_word or bits(value) < _LEAST_BITS_OF_PASSWORD:
        return 0.0
    if value.isdigit():
        return 0.0 if is_said else 0.4
    if kinds == 1:
        return 0.3
    certainty = 0.9 if kinds >= 3 else 0.7 if any(map(str.isdigit, value)) else 0.4
    return certainty - 0.1 * is_said


def bits(value: str) -> float:
    """Shannon's entropy of the value's characters, in bits a character.

    >>> bits("aaaa"), bits("abcd")
    (0.0, 2.0)
    """
    counts = Counter(value).values()
    size = len(value)
    return (
        sum(count / size * math.log2(size / count) for count in counts) if len(counts) > 1 else 0.0
    )
