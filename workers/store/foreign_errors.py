"""Errors of libraries that only their messages tell apart. No other module here parses messages.

The messages are those of the versions in constraints.txt. The tests of this module get each from
the library itself, so an upgrade that changes one fails there.
"""

from __future__ import annotations

import re

_CODE_IN_ANSWER = re.compile(r"<Code>(\w+)</Code>")
# deltalake puts an arrow and colours between the words and the number.
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_NO_TOKEN = "Error performing token request"
_STATUS_IN_ANSWER = re.compile(r"Server returned non-2xx status code\W+(\d{3}) ")


def quoted_code(message: str) -> str | None:
    """The error code in a store's answer, which deltalake and obstore quote in full.

    `NoToken` where the answer came from the service that gives a role its tokens.
    """
    if found := _CODE_IN_ANSWER.search(message):
        return found[1]
    status = quoted_status(message)
    is_refused = status is not None and status < 500 and _NO_TOKEN in _COLOURS.sub("", message)
    return "NoToken" if is_refused else None


def quoted_status(message: str) -> int | None:
    """The HTTP status that deltalake or obstore got; None where they got no answer."""
    found = _STATUS_IN_ANSWER.search(_COLOURS.sub("", message))
    return int(found[1]) if found else None


def what_failed(message: str) -> str:
    """obstore's message in one line, without the Rust values below it."""
    return " ".join(message.partition("Debug source:")[0].split())


def is_about_a_name(message: str) -> bool:
    """Whether obstore met a key that it has no name for: `a//b`, `a/./b`, control characters."""
    return message.startswith("Encountered object with invalid path")


def was_tried_again(message: str) -> bool:
    """Whether deltalake or obstore says that it has used up the retries of its request."""
    return " retries, max_retries" in message
