"""Telephone numbers are told from the other numbers of a page, in the language of the page."""

from __future__ import annotations

import pytest

from workers.policies.personal.evidence import digit_runs
from workers.policies.personal.phones import phones


def spans(text: str, language: str = "en", heading: str = "") -> list[str]:
    found = phones(text, digit_runs(text), language, heading)
    return [text[one.start : one.end] for one in found if one.certainty >= 0.5]


@pytest.mark.parametrize(
    ("language", "before", "number"),
    [
        ("en", "Phone: ", "020 7946 0958"),
        ("en", "call ", "+44 20 7946 0958"),
        ("en", "or ", "(212) 555-2368"),
        ("en", "or ", "212-736-5000"),
        ("en", "tel. no. ", "2127365000"),
        ("de", "Tel. ", "030 901820"),
        ("de", "oder ", "0171 2345678"),
        ("de", "", "+49 36878 620-23924"),
        ("de", "", "0049/5235/3-00"),
        ("fr", "appelez le ", "01 42 68 53 00"),
        ("fr", "ou ", "06.12.34.56.78"),
        ("es", "Teléfono: ", "612 345 678"),
        ("pt", "Telefone ", "(11) 91234-5678"),
        ("ru", "тел. ", "8 (495) 123-45-67"),
        ("zh", "手机: ", "13812345678"),
        ("ja", "電話 ", "03-3456-7890"),
        ("ko", "전화: ", "02-312-3456"),
        ("ar", "هاتف: ", "02 27921234"),
        ("hi", "फ़ोन: ", "98765 43210"),
    ],
)
def test_a_number_is_found_whole(language: str, before: str, number: str) -> None:
    assert spans(f"{before}{number}. And more.", language) == [number]
    assert spans(f"{before}{number}", language) == [number]


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "it", "zh", "und"])
@pytest.mark.parametrize(
    "text",
    [
        "on 05.10.1986 and 03.05.87, 3/10/2011, 2012-01-02 08:00",  # libphonenumber, issue 708
        "03.05.1986-17.07.1990, 1998-2003, 2010/11",
        "VLDB J. 12(3): 211-227 (2003), pp. 1234-1256",
        "ISBN 978-3-16-148410-0, ISBN 3-16-148410-0, ISSN 0317-8471",
        "doi:10.1007/s11192-012-0685-x and arXiv:2510.07192",
        "12,345,678.90 or 12.345.678,90 or 12 345 678",
        "version 10.2.33.4 of 2.11.0-1234567",
        "x + 2025529095.0*y + 441632960*z, (t - 1924)/1998",
        "0.913862606 and 3.14159265358",
        "order 4512367890, part no. 0345-678912, Rechnung Nr. 030 901820",
        "20260806T005029733Z-38da4c and 648092d7e36bc302d981",
        "https://example.org/p/02079460958?id=02079460958",
        "192.168.10.234 and 84.17.203.9",
        "12345678901234567890123",
    ],
)
def test_other_numbers_are_none(text: str, language: str) -> None:
    assert spans(text, language) == []


@pytest.mark.parametrize("text", ["05.10.1986", "03.06.2015", "0.171234567"])
def test_a_date_is_none_even_where_a_word_names_it(text: str) -> None:
    assert spans(f"Telefon {text}", "de") == []


def test_the_nearest_word_counts() -> None:
    assert spans("Order no. 44, phone 020 7946 0958") == ["020 7946 0958"]
    assert spans("Phone orders only, invoice 020 7946 0958") == []


def test_a_word_names_the_next_number_alone() -> None:
    assert spans("Tel. 020 7946 0958, weighing 441632960") == ["020 7946 0958"]


def test_the_beginning_of_a_longer_number_is_none() -> None:
    assert spans("e 0925 3087 4471", "it") == []
    assert spans("e 0925 3087, e", "it") == ["0925 3087"]


def test_a_second_number_in_its_usual_form_is_found() -> None:
    text = "Tel. 030 901820, 0171 2345678"
    assert spans(text, "de") == ["030 901820", "0171 2345678"]


def test_a_column_names_its_numbers() -> None:
    assert spans("2079460958", "en", heading="Ann Phone") == ["2079460958"]
    assert spans("2079460958", "en", heading="Ann Order") == []


def test_an_extension_goes_with_its_number() -> None:
    assert spans("call 212-736-5000 ext. 23 now") == ["212-736-5000 ext. 23"]


def test_the_script_says_the_country_where_the_language_is_not_known() -> None:
    assert spans("電話 03-3456-7890 へ", "und") == ["03-3456-7890"]
    assert spans("전화 010-2345-6789", "und") == ["010-2345-6789"]
