"""Numbers that states give their people: how each is written, checked and named. Data.

Only kinds of natural persons are here, not companies' numbers. `python-stdnum` knows their checks.
A check digit alone proves little: one in eleven numbers of ten digits is a right NHS number
(Presidio reports it at its highest score). So `alone` is what the form and the check are worth
without a word that names the number: None where it then is no finding.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from stdnum.au import tfn
from stdnum.be import nn
from stdnum.br import cpf
from stdnum.ca import sin
from stdnum.ch import ssn as ahv
from stdnum.cn import ric
from stdnum.cz import rc
from stdnum.de import idnr
from stdnum.dk import cpr
from stdnum.es import dni, nie
from stdnum.fi import hetu
from stdnum.fr import nir
from stdnum.gb import nhs
from stdnum.gr import amka
from stdnum.ie import pps
from stdnum.il import idnr as teudat_zehut
from stdnum.in_ import aadhaar, pan
from stdnum.it import codicefiscale
from stdnum.jp import in_ as my_number
from stdnum.kr import rrn
from stdnum.mx import curp
from stdnum.nl import bsn
from stdnum.no import fodselsnummer
from stdnum.pl import pesel
from stdnum.pt import nif
from stdnum.ro import cnp
from stdnum.ru import inn
from stdnum.se import personnummer
from stdnum.tr import tckimlik
from stdnum.us import itin, ssn
from stdnum.za import idnr as za_idnr

from workers.policies.personal.context import Words


@dataclass(frozen=True, slots=True)
class Identity:
    """A kind of number.

    `name` is the country and the number's usual name; `form` how it is written; `is_valid` its
    check; `names` the words that name it; `alone` the certainty without such a word.
    """

    name: str
    form: re.Pattern[str]
    is_valid: Callable[[str], bool]
    names: Words
    alone: float | None = None


def _nino(number: str) -> bool:
    """HMRC's rules for prefixes (National Insurance Manual, NIM39110); there is no check digit."""
    return number[:2] not in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ")


def _snils(number: str) -> bool:
    """The Pension Fund's sum: nine digits times 9 to 1, modulo 101, where 100 counts as 0."""
    digits = [int(sign) for sign in number if sign.isdigit()]
    total = sum(digit * (9 - at) for at, digit in enumerate(digits[:9])) % 101 % 100
    return len(digits) == 11 and any(digits[:9]) and total == digits[9] * 10 + digits[10]


def _is_person(number: str) -> bool:
    return len(number) == 12 and inn.is_valid(number)


def _form(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w./-]){pattern}(?![\w]|[-./,]\d)")


_SSN = Words("ssn", "social security", "social security number", "social security no", "soc sec")
_TAX_US = Words("itin", "taxpayer", "tin", "tax id")
_ID_DE = Words("steuer-id", "steueridentifikationsnummer", "idnr", "identifikationsnummer", "tin")
_ID_ES = Words("dni", "nif", "nie", "d.n.i", "documento nacional", "identidad", "documento")
_ID_IT = Words("codice fiscale", "c.f", "cod. fisc", "cod.fisc", "cf")
_ID_FR = Words(
    "sécurité sociale", "securite sociale", "nir", "n° ss", "numéro de sécurité", "insee"
)
_ID_PT = Words("nif", "contribuinte", "nº de contribuinte", "número fiscal")
_ID_BR = Words("cpf", "cadastro de pessoas", "c.p.f")
_ID_CN = Words("身份证", "身份证号", "身份证号码", "公民身份号码", "身分證", "证件号码", "id card")
_ID_JP = Words("マイナンバー", "個人番号", "my number")
_ID_KR = Words("주민등록번호", "주민번호", "rrn", "외국인등록번호")
_ID_RU_TAX = Words("инн", "inn")
_ID_RU = Words("снилс", "страховой номер", "страхового")
_ID_IN = Words("aadhaar", "aadhar", "uidai", "आधार", "आधार संख्या", "uid")
_PAN = Words("pan", "permanent account number", "पैन", "income tax")
_ID_SE = Words("personnummer", "pnr", "person-nr", "samordningsnummer")
_ID_BE = Words(
    *("rijksregisternummer", "rijksregister", "registre national", "numéro national", "insz"),
)
_NINO = Words(
    *("nino", "national insurance", "ni number", "ni no", "n.i. number", "nat. ins"),
)
_ID_CH = Words("ahv", "avs", "ahv-nr", "sozialversicherungsnummer", "n° avs")

# Digits first: sought in the runs of digits that a text has.
BY_RUN: tuple[Identity, ...] = (
    Identity("us.ssn", _form(r"\d{3}[- ]\d{2}[- ]\d{4}"), ssn.is_valid, _SSN, 0.6),
    Identity("us.ssn", _form(r"\d{9}"), ssn.is_valid, _SSN),
    Identity("us.itin", _form(r"9\d{2}[- ]\d{2}[- ]\d{4}"), itin.is_valid, _TAX_US),
    Identity(
        "gb.nhs",
        _form(r"\d{3}[ -]?\d{3}[ -]?\d{4}"),
        nhs.is_valid,
        Words("nhs", "nhs number", "nhs no", "chi"),
    ),
    Identity("de.idnr", _form(r"\d{2} ?\d{3} ?\d{3} ?\d{3}"), idnr.is_valid, _ID_DE),
    Identity(
        "fr.nir",
        _form(r"[12] ?\d{2} ?[0-1]\d ?\d[\dAB] ?\d{3} ?\d{3} ?\d{2}"),
        nir.is_valid,
        _ID_FR,
        0.9,
    ),
    Identity("es.dni", _form(r"\d{2}\.?\d{3}\.?\d{3}[- ]?[A-Z]"), dni.is_valid, _ID_ES, 0.7),
    Identity("pt.nif", _form(r"\d{3} ?\d{3} ?\d{3}"), nif.is_valid, _ID_PT),
    Identity("br.cpf", _form(r"\d{3}\.\d{3}\.\d{3}-\d{2}"), cpf.is_valid, _ID_BR, 0.9),
    Identity("br.cpf", _form(r"\d{11}"), cpf.is_valid, _ID_BR),
    Identity(
        "nl.bsn",
        _form(r"\d{4}[. ]?\d{2}[. ]?\d{3}"),
        bsn.is_valid,
        Words("bsn", "burgerservicenummer", "sofinummer", "sofi-nummer"),
    ),
    Identity(
        "be.nn",
        _form(r"\d{2}[.-]?\d{2}[.-]?\d{2}[-. ]?\d{3}[.-]?\d{2}"),
        nn.is_valid,
        _ID_BE,
        0.5,
    ),
    Identity("pl.pesel", _form(r"\d{11}"), pesel.is_valid, Words("pesel", "nr pesel"), 0.4),
    Identity("ru.inn", _form(r"\d{12}"), _is_person, _ID_RU_TAX),
    Identity("ru.snils", _form(r"\d{3}-\d{3}-\d{3}[ -]\d{2}"), _snils, _ID_RU, 0.8),
    Identity("cn.ric", _form(r"[1-9]\d{16}[\dXx]"), ric.is_valid, _ID_CN, 0.9),
    Identity("jp.my_number", _form(r"\d{4}[ -]?\d{4}[ -]?\d{4}"), my_number.is_valid, _ID_JP),
    Identity("kr.rrn", _form(r"\d{6} ?- ?[1-8]\d{6}"), rrn.is_valid, _ID_KR, 0.9),
    Identity("in.aadhaar", _form(r"[2-9]\d{3}[ -]?\d{4}[ -]?\d{4}"), aadhaar.is_valid, _ID_IN),
    Identity(
        "se.personnummer",
        _form(r"(?:19|20)?\d{6}[-+]\d{4}"),
        personnummer.is_valid,
        _ID_SE,
        0.8,
    ),
    Identity(
        "no.fodselsnummer",
        _form(r"\d{6} ?\d{5}"),
        fodselsnummer.is_valid,
        Words("fødselsnummer", "personnummer", "fnr"),
        0.5,
    ),
    Identity(
        "dk.cpr",
        _form(r"\d{6}-\d{4}"),
        cpr.is_valid,
        Words("cpr", "cpr-nr", "personnummer", "cpr-nummer"),
    ),
    Identity(
        "fi.hetu",
        _form(r"\d{6}[-+A]\d{3}[\dA-Z]"),
        hetu.is_valid,
        Words("hetu", "henkilötunnus"),
        0.9,
    ),
    Identity("ch.ahv", _form(r"756\.\d{4}\.\d{4}\.\d{2}"), ahv.is_valid, _ID_CH, 0.9),
    Identity(
        "ie.pps",
        _form(r"\d{7}[A-W][A-IW]?"),
        pps.is_valid,
        Words("pps", "ppsn", "pps number", "pps no"),
    ),
    Identity(
        "cz.rc",
        _form(r"\d{6}/\d{3,4}"),
        rc.is_valid,
        Words("rodné číslo", "rč", "r.č", "rodné č"),
        0.5,
    ),
    Identity("ro.cnp", _form(r"[1-9]\d{12}"), cnp.is_valid, Words("cnp", "cod numeric personal")),
    Identity("gr.amka", _form(r"\d{11}"), amka.is_valid, Words("αμκα", "amka")),
    Identity(
        "tr.tckimlik",
        _form(r"[1-9]\d{10}"),
        tckimlik.is_valid,
        Words("tc kimlik", "t.c. kimlik", "kimlik no", "tckn"),
    ),
    Identity(
        "il.idnr",
        _form(r"\d{8}-?\d"),
        teudat_zehut.is_valid,
        Words("תעודת זהות", 'ת"ז', "ת.ז"),
    ),
    Identity(
        "ca.sin",
        _form(r"\d{3}[- ]?\d{3}[- ]?\d{3}"),
        sin.is_valid,
        Words("sin", "social insurance", "nas"),
    ),
    Identity(
        "au.tfn",
        _form(r"\d{3} ?\d{3} ?\d{2,3}"),
        tfn.is_valid,
        Words("tfn", "tax file number"),
    ),
    Identity(
        "za.idnr",
        _form(r"\d{6} ?\d{4} ?\d{3}"),
        za_idnr.is_valid,
        Words("id no", "id number", "identity number"),
    ),
)

# A letter first: one scan of the text.
BY_LETTER: tuple[Identity, ...] = (
    Identity(
        "it.codicefiscale",
        _form(r"[A-Z]{6} ?\d\d ?[A-EHLMPRST]\d\d ?[A-Z]\d{3} ?[A-Z]"),
        codicefiscale.is_valid,
        _ID_IT,
        0.95,
    ),
    Identity(
        "mx.curp",
        _form(r"[A-Z]{4}\d{6}[HM][A-Z]{5}[A-Z0-9]\d"),
        curp.is_valid,
        Words("curp"),
        0.95,
    ),
    Identity("in.pan", _form(r"[A-Z]{3}P[A-Z]\d{4}[A-Z]"), pan.is_valid, _PAN, 0.5),
    Identity("es.nie", _form(r"[XYZ][- ]?\d{7}[- ]?[A-Z]"), nie.is_valid, _ID_ES, 0.8),
    Identity(
        "gb.nino",
        _form(r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]"),
        _nino,
        _NINO,
        0.6,
    ),
)
