"""Every `pagefoundry` command and option that the pages name is one that there is."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command

from docs.generate.commands import commands
from pipelines.cli.app import app
from tests.docs.pages import PAGES, REPOSITORY, code, name_of, spans

ROOT = get_command(app)
COMMANDS = dict(commands())
# Options of other programs that sentences name.
FOREIGN = {
    *("--build-arg", "--metrics-export-port", "--resources"),
    *("--chat-template-content-format", "--logits-processors", "--stream-interval"),  # vLLM's
}
_ENDS = {"|", ">", ">>", "&&", "&", ";"}


def invocations(text: str) -> Iterator[list[str]]:
    """The words of each call of `pagefoundry` in a piece of code."""
    for line in text.replace("\\\n", " ").splitlines():
        if not re.search(r"\bpagefoundry\b(?!\.egg|-|\[)", line):
            continue
        lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;><()")
        lexer.whitespace_split, lexer.commenters = True, "#"
        words = list(lexer)
        for start, word in enumerate(words):
            if word == "pagefoundry":
                rest = words[start:]
                end = next((i for i, one in enumerate(rest) if set(one) <= set("|&;><()")), None)
                yield rest[:end]


def options_of(command: Any) -> dict[str, Any]:
    parameters = command.get_params(typer.Context(command))
    found = [one for one in parameters if one.param_type_name == "option"]
    return {name: one for option in found for name in option.opts for one in [option]}


ALL_OPTIONS = {name for command in COMMANDS.values() for name in options_of(command)}
ALL_OPTIONS |= set(options_of(ROOT))


def check(words: list[str]) -> None:
    """Raises AssertionError where a call names no command, or an option that it has not."""
    command: Any = ROOT
    rest = words[1:]
    while rest and hasattr(command, "commands") and not rest[0].startswith("-"):
        assert rest[0] in command.commands, f"{' '.join(words)}: no command {rest[0]}"
        command = command.commands[rest.pop(0)]
    known = options_of(command)
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    given = 0
    while rest:
        word = rest.pop(0)
        if word.startswith("-"):
            name, has_value, _ = word.partition("=")
            assert name in known, f"{' '.join(words)}: no option {name}"
            if not known[name].is_flag and not has_value and rest:
                rest.pop(0)
        elif word != "…":
            given += 1
    assert given <= len(arguments), f"{' '.join(words)}: too many arguments"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_calls_of_a_page_are_calls_that_there_are(page: Path) -> None:
    for text in code(page):
        for words in invocations(text):
            check(words)


def test_the_pages_have_calls_of_most_commands() -> None:
    called = {
        tuple(words[:length])
        for page in PAGES
        for text in code(page)
        for words in invocations(text)
        for length in (2, 3)
    }
    assert set(COMMANDS) - called <= {("pagefoundry", "create-rayjob")}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_an_option_within_a_sentence_is_one(page: Path) -> None:
    named = {
        option
        for span in spans(page)
        if span.startswith("--")
        for option in re.findall(r"--[a-z][a-z-]+", span)
    }
    tools = "".join(
        path.read_text()
        for folder in ("tests", "examples")
        for path in (REPOSITORY / folder).rglob("*.py")
    )
    unknown = {o for o in named - ALL_OPTIONS - FOREIGN if f'"{o}"' not in tools}
    assert unknown == set()


@pytest.mark.parametrize(
    "text", ["pagefoundry fly", "pagefoundry run a.yaml --fast", "pagefoundry verify a b"]
)
def test_what_is_no_call_is_found(text: str) -> None:
    (words,) = invocations(text)
    with pytest.raises(AssertionError):
        check(words)
