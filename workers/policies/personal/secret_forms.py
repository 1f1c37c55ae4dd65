"""Keys and tokens of well-known makers: how each begins and what it is made of. Data.

The prefixes are the makers' own, as they publish them for scanners: GitHub's list of supported
secret scanning patterns, and the documentation of each service. Every form begins with a literal,
which is sought before the form is tried. Lengths are lower bounds where makers change them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_ALNUM = "[A-Za-z0-9]"
_URL_SAFE = "[A-Za-z0-9_-]"


@dataclass(frozen=True, slots=True)
class SecretForm:
    """A maker's form: the literal that it begins with, and the whole value."""

    maker: str
    literal: str
    form: re.Pattern[str]


def _starts(maker: str, literal: str, rest: str) -> SecretForm:
    """A value of `literal` and `rest`, which stands by itself."""
    pattern = rf"(?<![A-Za-z0-9_-]){re.escape(literal)}{rest}(?![A-Za-z0-9])"
    return SecretForm(maker, literal, re.compile(pattern))


FORMS: tuple[SecretForm, ...] = (
    *(_starts("aws", prefix, "[A-Z2-7]{16}") for prefix in ("AKIA", "ASIA", "ABIA", "ACCA")),
    *(_starts("github", f"gh{kind}_", f"{_ALNUM}{{36,251}}") for kind in "pousr"),
    _starts("github", "github_pat_", "[A-Za-z0-9_]{60,82}"),
    _starts("gitlab", "glpat-", r"[A-Za-z0-9_.-]{20,60}"),
    *(_starts("slack", f"xox{kind}-", "[A-Za-z0-9-]{20,250}") for kind in "abeoprs"),
    _starts("slack", "hooks.slack.com/services/", "[A-Za-z0-9/]{40,60}"),
    _starts("google", "AIza", f"{_URL_SAFE}{{35}}"),
    _starts("google", "GOCSPX-", f"{_URL_SAFE}{{28}}"),
    _starts("google", "ya29.", f"{_URL_SAFE}{{30,300}}"),
    *(
        _starts("stripe", f"{kind}_{mode}_", f"{_ALNUM}{{16,120}}")
        for kind in ("sk", "rk", "whsec")
        for mode in ("live", "test")
    ),
    _starts("openai", "sk-proj-", f"{_URL_SAFE}{{40,250}}"),
    _starts("openai", "sk-svcacct-", f"{_URL_SAFE}{{40,250}}"),
    _starts("openai", "sk-", f"{_ALNUM}{{20}}T3BlbkFJ{_ALNUM}{{20}}"),
    _starts("anthropic", "sk-ant-", f"{_URL_SAFE}{{60,250}}"),
    _starts("huggingface", "hf_", "[A-Za-z]{34}"),
    _starts("npm", "npm_", f"{_ALNUM}{{36}}"),
    _starts("pypi", "pypi-AgEIcHlwaS5vcmc", f"{_URL_SAFE}{{50,500}}"),
    _starts("docker", "dckr_pat_", f"{_URL_SAFE}{{24,40}}"),
    _starts("sendgrid", "SG.", rf"{_URL_SAFE}{{22}}\.{_URL_SAFE}{{43}}"),
    _starts("mailgun", "key-", "[0-9a-f]{32}"),
    _starts("twilio", "SK", "[0-9a-f]{32}"),
    _starts("digitalocean", "dop_v1_", "[0-9a-f]{64}"),
    *(_starts("shopify", f"shp{kind}_", "[0-9a-fA-F]{32}") for kind in ("at", "ca", "pa", "ss")),
    _starts("square", "sq0csp-", f"{_URL_SAFE}{{43}}"),
    _starts("databricks", "dapi", "[0-9a-f]{32}"),
    _starts("atlassian", "ATATT3", "[A-Za-z0-9_=-]{100,250}"),
    _starts("hashicorp", "hvs.", f"{_URL_SAFE}{{24,120}}"),
    _starts("grafana", "glsa_", "[A-Za-z0-9_]{32,60}"),
    _starts("newrelic", "NRAK-", "[A-Z0-9]{27}"),
    _starts("postman", "PMAK-", "[0-9a-f]{24}-[0-9a-f]{34}"),
    _starts("linear", "lin_api_", f"{_ALNUM}{{40}}"),
    _starts("notion", "ntn_", f"{_ALNUM}{{40,50}}"),
    _starts("azure", "AccountKey=", "[A-Za-z0-9+/]{86}=="),
    _starts("age", "AGE-SECRET-KEY-1", "[A-Z0-9]{58}"),
    SecretForm("jwt", "eyJ", re.compile(r"\beyJ[\w-]{10,2000}\.eyJ[\w-]{10,4000}\.[\w-]{10,1000}")),
    SecretForm("telegram", ":AA", re.compile(r"(?<!\w)\d{8,10}:AA[\w-]{33}(?!\w)")),
    SecretForm(
        "private key",
        "PRIVATE KEY",
        re.compile(
            r"-{2,5} ?BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)? ?-{2,5}"
            r"(?:[\s\S]{0,8000}?-{2,5} ?END (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)? ?-{2,5})?"
        ),
    ),
)
