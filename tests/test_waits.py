"""docs/reliability.md lists every call that can wait, with its deadline or why it has none."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("schemas", "workers", "cluster", "pipelines")
# Methods that can wait: of files and pipes, locks, processes, threads, Ray.
WAITS = {
    *("wait", "result", "exception", "synchronize", "acquire", "communicate", "flock"),
    *("poll", "readv", "writev", "recv", "recv_bytes", "recv_fds", "receive"),
    *("sigtimedwait", "sleep"),
    *("create_connection", "getresponse", "urlopen", "tail_job_logs"),
}
RAY_WAITS = {"get", "init", "nodes", "shutdown"}
NO_WAITS = {"log.exception", "select.poll"}


def waits() -> set[tuple[str, str]]:
    """The file and the called function of each call that can wait."""
    return {
        (str(path.relative_to(ROOT)), name)
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        for name in _calls(ast.parse(path.read_text()))
    }


def _calls(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name not in NO_WAITS and _can_wait(node):
                yield name
        elif isinstance(node, ast.With):  # with lock:
            for item in node.items:
                name = ast.unparse(item.context_expr)
                if name.lower().endswith("lock"):
                    yield name


def _can_wait(call: ast.Call) -> bool:
    function = call.func
    if isinstance(function, ast.Name):
        return function.id in ("retried", "sleep")
    if not isinstance(function, ast.Attribute):
        return False
    owner, name = ast.unparse(function.value), function.attr.lstrip("_")
    return (
        name in WAITS
        or (owner == "ray" and name in RAY_WAITS)
        or (owner == "select" and name == "select")
        or (name == "map" and "pool" in owner)
        or (name == "open" and any(keyword.arg == "timeout" for keyword in call.keywords))
        # `join` of a thread or a process takes nothing or a time; that of a string takes its parts.
        or (name == "join" and all(ast.unparse(value).endswith("_S") for value in call.args))
    )


def documented() -> set[tuple[str, str]]:
    text = (ROOT / "docs/reliability.md").read_text()
    table = text.split("## Every wait and its deadline")[1].split("\n## ")[0]
    rows = (line.split("|")[1:3] for line in table.splitlines() if line.startswith("| `"))
    return {
        (path, call)
        for where, calls in rows
        for path in re.findall(r"`([^`]+)`", where)
        for call in re.findall(r"`([^`]+)`", calls)
    }


def test_every_wait_is_in_the_list_and_the_list_has_no_other() -> None:
    in_code, listed = waits(), documented()
    assert len(in_code) > 30
    assert in_code - listed == set(), "add them to docs/reliability.md, or give them a deadline"
    assert listed - in_code == set(), "take them out of docs/reliability.md"
