"""What `--json` prints: one JSON object on stdout and nothing else, whatever happens.

Libraries and child processes may print on stdout. So the command keeps stdout for its JSON object,
and what anything else prints there goes to stderr.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

from schemas.errors import PageFoundryError


@dataclass(slots=True)
class _Output:
    stream: TextIO | None = None
    is_written: bool = False


_OUTPUT = _Output()


def reserve_stdout() -> None:
    """From now on only `write` reaches stdout; what anything else prints there goes to stderr."""
    sys.stdout.flush()
    # A file name that is not UTF-8 has lone surrogates; Python's escape for them is JSON's too.
    _OUTPUT.stream = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="backslashreplace")
    os.dup2(2, 1)


def write(value: Mapping[str, object]) -> None:
    """Print a value as one line of JSON."""
    print(json.dumps(value, ensure_ascii=False), file=_OUTPUT.stream or sys.stdout, flush=True)
    _OUTPUT.is_written = True


def write_failure(kind: str, message: str, exit_code: int) -> None:
    """Print why a command failed. Does nothing without `--json`, or after another object."""
    if _OUTPUT.stream is not None and not _OUTPUT.is_written:
        write({"error": {"kind": kind, "message": message, "exit_code": exit_code}})


def kind_of(error: PageFoundryError) -> str:
    """The `kind` of an error: `no_engine` for a NoEngineError."""
    words = re.findall("[A-Z][a-z]*", type(error).__name__.removesuffix("Error"))
    return "_".join(words).lower()
