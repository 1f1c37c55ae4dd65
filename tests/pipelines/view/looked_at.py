"""A small dataset with everything that can be looked at, of documents that mean harm.

Two versions: pages with text layers, crops, conversations, rejects, and a duplicate. The texts and
a file's name hold scripts, links and markup that must never act.
"""

from __future__ import annotations

import json
from pathlib import Path

from schemas.recipe import Recipe, parse_recipe
from tests.pipelines.corpora import pdf, prose
from tests.pipelines.datasets import run_here
from tests.pipelines.deep import stage_deep

SCRIPT = "<script>document.title = 'owned'</script>"
HARM = (
    f"{SCRIPT} <img src=x onerror=alert(1)> <svg onload=alert(2)></svg> "
    "[good](https://example.org/a) [bad](javascript:alert(3)) [worse](data:text/html,x) "
    "![far](https://evil.example/p.png)"
)
HARM_IN_A_CROP = (
    f"{HARM}\n\n$\\href{{javascript:alert(4)}}{{x}} + \\text{{{SCRIPT}}}$\n\n"
    f"<table><tr><td onclick=alert(5)>{SCRIPT}</td><td colspan=2>$m^3$</td></tr></table>\n\n"
    "An override \u202eturns\u202c this around."
)
NAME = "<img src=x onerror=alert(6)>.pdf"
ALIKE = prose(1, words=110)


def write_dataset(folder: Path) -> Path:
    """Make the dataset in `folder`; its versions are 1 and 2."""
    corpus = folder / "corpus"
    corpus.mkdir(parents=True)
    _write(corpus / "alike.pdf", ALIKE, prose(2))
    _write(corpus / "copy.pdf", f"{ALIKE} zebra", prose(3))
    _write(corpus / NAME, f"{prose(4)} {HARM}", prose(5), prose(6))
    _write(corpus / "leaves.pdf", prose(7), prose(8))
    _write(corpus / "empty-page.pdf", prose(9), "")
    (corpus / "note.pdf").write_text("this is no document")
    chats = folder / "chats.jsonl"
    chats.write_text(json.dumps({"messages": _chat()}) + "\n")
    recipe = _recipe(folder, corpus, chats)
    stage_deep(recipe, says=lambda page, label: HARM_IN_A_CROP if label == "figure" else label)
    assert run_here(recipe).version == 1
    (corpus / "leaves.pdf").unlink()
    _write(corpus / "comes.pdf", prose(10))
    assert run_here(recipe).version == 2
    return folder / "data"


def _recipe(folder: Path, corpus: Path, chats: Path) -> Recipe:
    return parse_recipe(
        f"dataset: {folder / 'data'}\nrouting: only\non_missing: remove\nmax_removed: 1\n"
        f"dedup: {{near: {{jaccard: 0.8}}}}\nsources:\n- documents: {corpus}\n"
        f"- conversations: {chats}\n  fade: {{text: 2, base: 6}}\n"
    )


def _write(path: Path, *texts: str) -> None:
    path.write_bytes(pdf(list(texts)))


def _chat() -> list[dict[str, str]]:
    roles = ("user", "assistant")
    return [
        {"role": roles[n % 2], "content": f"{prose(50 + n, words=30)} {SCRIPT if n > 8 else ''}"}
        for n in range(10)
    ]
