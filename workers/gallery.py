"""A gallery of samples as one HTML file: pictures with their blocks, beside their texts. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from workers.webpage import embedded, webpage

_STYLE = """
.sample { display: grid; grid-template-columns: 1fr 1fr; gap: 1.5rem; align-items: start }
.picture { position: relative; border: 1px solid #d8dee4 }
.picture img { width: 100%; display: block }
.picture div { position: absolute; box-sizing: border-box; border: 1.5px solid #0969da88 }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: .85rem; margin: 0;
      max-height: 60rem; overflow: auto; background: #f6f8fa; padding: .8rem }
@media (max-width: 60rem) { .sample { grid-template-columns: 1fr } }
"""


def html(title: str, rows: Iterable[Mapping[str, Any]]) -> str:
    """The whole file, of rows of `pages`, in their order."""
    return webpage(title, _STYLE, "\n".join(map(_section, rows)))


def _section(row: Mapping[str, Any]) -> str:
    kind = " ".join(str(row[name]) for name in ("engine", "mode") if row[name])
    facts = (
        f"{row['text_source']} · {row['task']} · {row['width']} x {row['height']} px · "
        f"{row['text_tokens']:,} text tokens / {row['vision_tokens']:,} vision tokens = "
        f"{row['compression']:.1f} · {_file(row['source_uri'])}, page {row['page_index']}"
    )
    return (
        f"<section><h2>{escape(kind)}</h2><p>{escape(facts)}</p>"
        f'<div class="sample"><div class="picture">{_picture(row)}</div>'
        f'<pre dir="auto">{escape(row["text"])}</pre></div></section>'
    )


def _file(uri: str) -> str:
    # Where it lies is nothing for a page that is passed on.
    return uri.partition("#")[0].rpartition("/")[2]


def _picture(row: Mapping[str, Any]) -> str:
    data = row["image"]["bytes"]
    suffix = row["image"]["path"].rpartition(".")[2].replace("jpg", "jpeg")
    boxes = "".join(_box(block) for block in row["blocks"])
    return embedded(data, suffix) + boxes


def _box(block: Mapping[str, Any]) -> str:
    left, top, right, bottom = (100 * float(side) for side in block["bbox"])
    return (
        f'<div title="{escape(block["label"])}" style="left:{left:.2f}%;top:{top:.2f}%;'
        f'width:{right - left:.2f}%;height:{bottom - top:.2f}%"></div>'
    )
