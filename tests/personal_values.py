"""Made personal data with right checksums, in the words of eight languages and more; nobody's.

Values are drawn by a seeded generator. Checksums are computed here; but national ids have those of
`python-stdnum`, and telephones the plans of `phonenumbers`, as in the code under test.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType
from stdnum.br import cpf
from stdnum.cn import ric
from stdnum.de import idnr
from stdnum.es import dni
from stdnum.fr import nir
from stdnum.gb import nhs
from stdnum.in_ import aadhaar
from stdnum.it import codicefiscale
from stdnum.jp import in_ as my_number
from stdnum.kr import rrn
from stdnum.ru import inn

from tests.language_texts import TEXTS

LANGUAGES = ("en", "de", "fr", "es", "pt", "it", "zh", "ja")
"""Those that the default engine reads."""
MORE_LANGUAGES = ("ru", "ar", "hi", "ko")
_REGIONS = {
    **{"en": ("GB", "US"), "de": ("DE", "AT"), "fr": ("FR", "BE"), "es": ("ES", "MX")},
    **{"pt": ("BR", "PT"), "it": ("IT",), "zh": ("CN",), "ja": ("JP",), "ru": ("RU",)},
    **{"ar": ("EG", "SA"), "hi": ("IN",), "ko": ("KR",)},
}

LABELS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "en": {
        "email": ("E-mail:", "Write to", "contact"),
        "phone": ("Phone:", "Tel.", "call me on", "Mobile:"),
        "ip": ("IP address:", "logged in from"),
        "iban": ("IBAN:", "Please pay into"),
        "card": ("Card number:", "Paid with Visa"),
        "national_id": ("NHS number:", "NHS no."),
        "password": ("Password:", "password is"),
        "coordinates": ("Home:", "she lives at"),
    },
    "de": {
        "email": ("E-Mail:", "Schreiben Sie an"),
        "phone": ("Telefon:", "Tel.", "Handy:", "erreichbar unter"),
        "ip": ("IP-Adresse:", "Zugriff von IP"),
        "iban": ("IBAN:", "Bitte zahlen Sie auf"),
        "card": ("Kreditkarte:", "Kartennummer:"),
        "national_id": ("Steuer-ID:", "Steueridentifikationsnummer:"),
        "password": ("Passwort:", "Kennwort:"),
        "coordinates": ("Wohnort:", "Adresse:"),
    },
    "fr": {
        "email": ("Courriel :", "Écrivez à"),
        "phone": ("Téléphone :", "Tél.", "Portable :", "appelez le"),
        "ip": ("Adresse IP :",),
        "iban": ("IBAN :",),
        "card": ("Carte bancaire :", "carte"),
        "national_id": ("N° de sécurité sociale :", "NIR :"),
        "password": ("Mot de passe :",),
        "coordinates": ("Domicile :", "il habite"),
    },
    "es": {
        "email": ("Correo:", "Escriba a"),
        "phone": ("Teléfono:", "Tel.", "Móvil:", "llame al"),
        "ip": ("Dirección IP:",),
        "iban": ("IBAN:",),
        "card": ("Tarjeta:",),
        "national_id": ("DNI:", "con DNI"),
        "password": ("Contraseña:",),
        "coordinates": ("Domicilio:", "vive en"),
    },
    "pt": {
        "email": ("E-mail:", "Escreva para"),
        "phone": ("Telefone:", "Tel.", "Celular:", "ligue para"),
        "ip": ("Endereço IP:",),
        "iban": ("IBAN:",),
        "card": ("Cartão:",),
        "national_id": ("CPF:", "CPF nº"),
        "password": ("Senha:",),
        "coordinates": ("Residência:", "mora em"),
    },
    "it": {
        "email": ("E-mail:", "Scrivere a"),
        "phone": ("Telefono:", "Tel.", "Cellulare:", "chiamare"),
        "ip": ("Indirizzo IP:",),
        "iban": ("IBAN:",),
        "card": ("Carta di credito:",),
        "national_id": ("Codice fiscale:", "C.F."),
        "password": ("Password:",),
        "coordinates": ("Casa:", "abita a"),
    },
    "zh": {
        "email": ("电子邮件：", "邮箱："),
        "phone": ("电话：", "手机："),
        "ip": ("IP地址：",),
        "iban": ("IBAN：",),
        "card": ("信用卡：", "卡号："),
        "national_id": ("身份证号：",),
        "password": ("密码：",),
        "coordinates": ("住址：",),
    },
    "ja": {
        "email": ("メール：",),
        "phone": ("電話：", "携帯："),
        "ip": ("IPアドレス：",),
        "iban": ("IBAN：",),
        "card": ("カード番号：",),
        "national_id": ("マイナンバー：", "個人番号："),
        "password": ("パスワード：",),
        "coordinates": ("自宅：",),
    },
    "ru": {
        "email": ("Почта:",),
        "phone": ("Телефон:", "тел.", "моб."),
        "ip": ("IP-адрес:",),
        "iban": ("IBAN:",),
        "card": ("Карта:",),
        "national_id": ("ИНН:",),
        "password": ("Пароль:",),
        "coordinates": ("Дом:",),
    },
    "ar": {
        "email": ("البريد:",),
        "phone": ("هاتف:", "جوال:"),
        "ip": ("IP:",),
        "iban": ("IBAN:",),
        "card": ("بطاقة:",),
        "password": ("كلمة المرور:",),
        "coordinates": ("العنوان:",),
    },
    "hi": {
        "email": ("ईमेल:",),
        "phone": ("फ़ोन:", "मोबाइल:"),
        "ip": ("IP:",),
        "iban": ("IBAN:",),
        "card": ("कार्ड:",),
        "national_id": ("आधार:",),
        "password": ("पासवर्ड:",),
        "coordinates": ("पता:",),
    },
    "ko": {
        "email": ("이메일:",),
        "phone": ("전화:", "휴대폰:"),
        "ip": ("IP:",),
        "iban": ("IBAN:",),
        "card": ("카드번호:",),
        "national_id": ("주민등록번호:",),
        "password": ("비밀번호:",),
        "coordinates": ("주소:",),
    },
}
"""What stands before a value of each kind, by language. A secret has its own form."""


@dataclass(frozen=True)
class Planted:
    """A value that was planted: its kind, what stands before it, and whether it is spelled out."""

    kind: str
    label: str
    value: str


def planted(kind: str, language: str, rng: random.Random) -> Planted:
    labels = LABELS[language].get(kind, ("key:",))
    return Planted(kind, rng.choice(labels), MAKERS[kind](language, rng))


def kinds_of(language: str) -> list[str]:
    return [kind for kind in MAKERS if kind == "secret" or kind in LABELS[language]]


def sentence(language: str) -> str:
    return TEXTS[language][1]


def digits(count: int, rng: random.Random) -> str:
    return "".join(rng.choice("0123456789") for _ in range(count))


_NAMES = ("anna", "bruno", "carla", "dieter", "elena", "felix", "greta", "hugo", "irene", "luca")
_SURNAMES = ("weber", "martin", "rossi", "silva", "novak", "tanaka", "chen", "jansen", "costa")
_HOSTS = ("mill-post", "harbour", "nordlicht", "meridian", "kestrel", "quarry", "lindenhof")
_TOPS = ("com", "org", "net", "de", "fr", "es", "it", "co.uk", "com.br", "jp", "cn", "eu")


def email(language: str, rng: random.Random) -> str:
    first, last = rng.choice(_NAMES), rng.choice(_SURNAMES)
    local = rng.choice(
        [f"{first}.{last}", f"{first[0]}{last}", f"{last}{rng.randint(1, 99)}", f"{first}_{last}"]
    )
    return f"{local}@{rng.choice(_HOSTS)}.{rng.choice(_TOPS)}"


def phone(language: str, rng: random.Random) -> str:
    region = rng.choice(_REGIONS[language])
    kind = rng.choice([PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE])
    example = phonenumbers.example_number_for_type(region, kind)
    assert example is not None
    number = example
    for _ in range(200):
        national = phonenumbers.national_significant_number(example)
        changed = national[:-6] + digits(6, rng)
        number = phonenumbers.parse(f"+{example.country_code}{changed}")
        if phonenumbers.is_valid_number(number):
            break
    form = rng.choice([PhoneNumberFormat.NATIONAL, PhoneNumberFormat.INTERNATIONAL])
    return phonenumbers.format_number(number, form)


def ip(language: str, rng: random.Random) -> str:
    if rng.random() < 0.25:
        return "2a02:" + ":".join(f"{rng.randint(1, 0xFFFF):x}" for _ in range(7))
    parts = [rng.choice([81, 93, 109, 178, 185, 203]), rng.randint(101, 199)]
    return ".".join(map(str, [*parts, rng.randint(2, 250), rng.randint(2, 250)]))


def iban(language: str, rng: random.Random) -> str:
    while True:
        country = rng.choice(["DE", "NL", "GB", "AT"])  # these have no further check within
        letters = "".join(rng.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(4))
        count = {"DE": 18, "NL": 10, "GB": 14, "AT": 16}[country]
        bban = (letters if country in ("NL", "GB") else "") + digits(count, rng)
        number = "".join(str(int(sign, 36)) for sign in bban + country + "00")
        whole = f"{country}{98 - int(number) % 97:02d}{bban}"
        return " ".join(whole[at : at + 4] for at in range(0, len(whole), 4))


def card(language: str, rng: random.Random) -> str:
    prefix, size = rng.choice([("4", 16), ("51", 16), ("2300", 16), ("37", 15), ("6011", 16)])
    body = prefix + digits(size - len(prefix) - 1, rng)
    doubled = [int(sign) * (2 if at % 2 == 0 else 1) for at, sign in enumerate(reversed(body))]
    check = -sum(value - 9 if value > 9 else value for value in doubled) % 10
    whole = f"{body}{check}"
    if size == 15:
        return f"{whole[:4]} {whole[4:10]} {whole[10:]}"
    return rng.choice([whole, *2 * [" ".join(whole[at : at + 4] for at in range(0, 16, 4))]])


def _until(is_valid: Callable[[str], bool], make: Callable[[], str]) -> str:
    """The first made value that is valid; check digits are right once in ten to a thousand."""
    return next(value for value in iter(make, "") if is_valid(value))


def _birth(rng: random.Random, form: str) -> str:
    year, month, day = rng.randint(1950, 1999), rng.randint(1, 12), rng.randint(1, 28)
    return form.format(y=year, yy=year % 100, m=month, d=day)


def national_id(language: str, rng: random.Random) -> str:
    number: Mapping[str, Callable[[], str]] = {
        "en": lambda: nhs.format(_until(nhs.is_valid, lambda: "4" + digits(9, rng))),
        "de": lambda: idnr.format(_until(idnr.is_valid, lambda: _tax_id(rng))),
        "fr": lambda: _french(rng),
        "es": lambda: _with(digits(8, rng), dni.calc_check_digit),
        "pt": lambda: cpf.format(_until(cpf.is_valid, lambda: digits(11, rng))),
        "it": lambda: _with(
            "RSSMRA" + _birth(rng, "{yy:02}A{d:02}H501"), codicefiscale.calc_check_digit
        ),
        "zh": lambda: _chinese(rng),
        "ja": lambda: _spaced(_with(digits(11, rng), my_number.calc_check_digit)),
        "ru": lambda: _until(inn.is_valid, lambda: "7707" + digits(8, rng)),
        "hi": lambda: _spaced(_until(aadhaar.is_valid, lambda: "5" + digits(11, rng))),
        "ko": lambda: rrn.format(
            _until(rrn.is_valid, lambda: _birth(rng, "{yy:02}{m:02}{d:02}1") + digits(6, rng))
        ),
    }
    return number[language]()


def _with(body: str, check: Callable[[str], str]) -> str:
    return body + check(body)


def _spaced(number: str) -> str:
    return " ".join(number[at : at + 4] for at in range(0, len(number), 4))


def _tax_id(rng: random.Random) -> str:
    """Ten digits of which one stands twice, and any last one."""
    signs = rng.sample("0123456789", 9)
    signs.insert(rng.randint(1, 8), rng.choice(signs))
    return "".join(signs) + digits(1, rng)


def _french(rng: random.Random) -> str:
    body = (
        rng.choice("12") + _birth(rng, "{yy:02}{m:02}") + f"{rng.randint(10, 19)}" + digits(6, rng)
    )
    return nir.format(_with(body, nir.calc_check_digits))


def _chinese(rng: random.Random) -> str:
    body = "110105" + _birth(rng, "{y}{m:02}{d:02}") + digits(3, rng)
    return body + ric.calc_check_digit(body + "0")


def secret(language: str, rng: random.Random) -> str:
    signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    many = "".join(rng.choice(signs) for _ in range(40))
    return rng.choice(["ghp_" + many[:36], "AKIA" + _base32(16, rng), "sk_live_" + many[:24]])


def _base32(count: int, rng: random.Random) -> str:
    return "".join(rng.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in range(count))


def password(language: str, rng: random.Random) -> str:
    return f"{rng.choice(_HOSTS).title()}{rng.choice('!#+%?')}{rng.randint(10, 9999)}"


def coordinates(language: str, rng: random.Random) -> str:
    return f"{rng.uniform(20, 60):.5f}, {rng.uniform(5, 120):.5f}"


MAKERS: Mapping[str, Callable[[str, random.Random], str]] = {
    "email": email,
    "phone": phone,
    "ip": ip,
    "iban": iban,
    "card": card,
    "national_id": national_id,
    "secret": secret,
    "password": password,
    "coordinates": coordinates,
}


def decoy(rng: random.Random) -> str:
    """What other finders take for personal data: numbers of books, papers, parts, dates, money."""
    year, other, day = rng.randint(1950, 2030), rng.randint(1950, 2030), rng.randint(1, 28)
    month = rng.randint(1, 12)

    def n(count: int) -> str:
        return digits(count, rng)

    return rng.choice(
        [
            f"ISBN 978-{n(1)}-{n(3)}-{n(5)}-{n(1)}",
            f"ISSN {n(4)}-{n(4)}",
            f"doi:10.{n(4)}/s{n(5)}-0{n(2)}-{n(4)}-{n(1)}",
            f"pp. {rng.randint(100, 900)}-{rng.randint(901, 1999)}",
            f"{day:02}.{month:02}.{year}",
            f"{year}-{month:02}-{day:02} 10:{rng.randint(10, 59)}",
            f"{year}-{other}",
            f"version {rng.randint(1, 20)}.{n(2)}.{n(3)}.{n(1)}",
            f"192.168.{rng.randint(0, 255)}.{rng.randint(1, 254)}",
            f"{rng.randint(1, 999)},{n(3)},{n(3)}.{n(2)}",
            f"{rng.randint(1, 999)} {n(3)} {n(3)}",
            f"part no. {n(4)}-{n(6)}",
            f"order {n(10)}",
            f"0.{n(9)}",
            f"lot {n(12)}",
            f"@harbour{rng.randint(2000, 2030)}",
            f"commit {rng.randbytes(20).hex()}",
            f"station {rng.uniform(20, 60):.5f}, {rng.uniform(5, 120):.5f}",
            f"{n(4)} {n(4)} {n(4)}",
            f"EAN 4{n(12)}",
        ]
    )
