"""Keys are found by their makers' forms, passwords by the words before them."""

from __future__ import annotations

import random
import string

import pytest

from workers.policies.personal.secret_forms import FORMS
from workers.policies.personal.secrets import bits, passwords, secrets

RANDOM = "".join(random.Random(2).choices(string.ascii_letters + string.digits, k=100))
HEX = random.Random(2).randbytes(40).hex()
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("maker", "value"),
    [
        ("aws", "AKIAHM7QMRJC5TGQ7J2M"),
        ("github", f"ghp_{RANDOM[:36]}"),
        ("gitlab", f"glpat-{RANDOM[:20]}"),
        ("slack", f"xoxb-{RANDOM[:30]}"),
        ("google", f"AIza{RANDOM[:35]}"),
        ("stripe", f"sk_live_{RANDOM[:24]}"),
        ("openai", f"sk-proj-{RANDOM[:60]}"),
        ("anthropic", f"sk-ant-api03-{RANDOM[:90]}"),
        ("npm", f"npm_{RANDOM[:36]}"),
        ("twilio", f"SK{HEX[:32]}"),
        ("jwt", f"eyJ{RANDOM[:30]}.eyJ{RANDOM[:30]}.{RANDOM[:30]}"),
        ("telegram", f"123456789:AA{RANDOM[:33]}"),
        ("private key", KEY),
    ],
)
def test_a_key_is_found_whole(maker: str, value: str) -> None:
    text = f"token = '{value}' # ours"
    (found,) = secrets(text)
    assert (found.detail, text[found.start : found.end]) == (maker, value)


@pytest.mark.parametrize(
    "text",
    [
        "AKIAIOSFODNN7EXAMPLE",
        f"ghp_{'x' * 36}",
        f"ghp_{'ab' * 18}",
        "sk-learn and hf_hub",
        f"blob {HEX}",
        f"xAKIA{RANDOM[:16].upper()}",
    ],
)
def test_examples_and_other_words_are_none(text: str) -> None:
    assert secrets(text) == []


def test_each_form_begins_with_its_literal() -> None:
    for form in FORMS:
        assert form.literal in form.form.pattern.replace("\\", "")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Password: Gr8-harbour!", "Gr8-harbour!"),
        ("Passwort: Sommer2019!", "Sommer2019!"),
        ("Mot de passe : Quai!77", "Quai!77"),
        ("Contraseña: Puerto#41", "Puerto#41"),
        ("пароль: Gavan!55", "Gavan!55"),
        ("密码：Gang!2044", "Gang!2044"),
        ("| パスワード: | Minato+12 |", "Minato+12"),
        ('api_key = "a8Kd02LmQxZr71Tb"', "a8Kd02LmQxZr71Tb"),
        ("postgres://anna:Gr8-harbour@db.example.org/x", "Gr8-harbour"),
        ("The password is hunter2.", "hunter2"),
    ],
)
def test_a_password_is_found(text: str, value: str) -> None:
    assert value in [text[one.start : one.end] for one in passwords(text) if one.certainty >= 0.5]


@pytest.mark.parametrize(
    "text",
    [
        "Password: required",
        "The password is incorrect, and the secret is out",
        "password = os.environ['X']",
        "password=${PASSWORD} password: ******** password: <password>",
        "secret = get_secret(name)",
        "password: see https://example.org",
        "CHARS_PER_TOKEN: Final[float] = 4.0",
    ],
)
def test_what_follows_such_a_word_may_be_none(text: str) -> None:
    assert [text[one.start : one.end] for one in passwords(text) if one.certainty >= 0.5] == []


def test_entropy_is_that_of_shannon() -> None:
    assert bits("") == bits("a") == bits("aaa") == 0
    assert bits("ab") == 1
    assert bits("abcdefgh") == 3
