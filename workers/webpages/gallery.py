"""A gallery of samples as one HTML file: pictures with their blocks, beside their texts. Pure.

Of a conversation it shows the messages in their order, each image with its mode and its cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from workers.webpages.webpage import embedded, webpage

_STYLE = """
.sample { display: grid; grid-template-columns: 1fr 1fr; gap: 1.5rem; align-items: start }
.picture { position: relative; border: 1px solid #d8dee4 }
.picture img { width: 100%; display: block }
.picture div { position: absolute; box-sizing: border-box; border: 1.5px solid #0969da88 }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: .85rem; margin: 0;
      max-height: 60rem; overflow: auto; background: #f6f8fa; padding: .8rem }
.message { display: flex; flex-wrap: wrap; gap: .8rem; align-items: end; margin: .8rem 0 }
.message b { flex-basis: 100%; font-size: .85rem } .message pre { flex-basis: 100% }
figure { margin: 0; font-size: .75rem } figure img { width: 100%; border: 1px solid #d8dee4 }
@media (max-width: 60rem) { .sample { grid-template-columns: 1fr } }
"""


def html(
    title: str, pages: Iterable[Mapping[str, Any]], conversations: Iterable[Mapping[str, Any]] = ()
) -> str:
    """The whole file, of rows of `pages` and of `conversations`, in their order."""
    sections = [*map(_section, pages), *map(_conversation, conversations)]
    return webpage(title, _STYLE, "\n".join(sections))


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
    return _embedded(row["image"]) + "".join(_box(block) for block in row["blocks"])


def _embedded(image: Mapping[str, Any]) -> str:
    suffix = image["path"].rpartition(".")[2].replace("jpg", "jpeg")
    return embedded(image["bytes"], suffix)


def _conversation(row: Mapping[str, Any]) -> str:
    facts = (
        f"{len(row['turns'])} turns · {row['tokens_before']:,} tokens before / "
        f"{row['tokens_after']:,} after = {row['ratio']:.2f} · {_file(row['source_uri'])}"
    )
    pictures = zip(row["images"], row["shown"], strict=True)
    messages = []
    for message in row["messages"]:
        parts = [
            _shown(*next(pictures)) if part["type"] == "image" else _said(part["text"])
            for part in message["content"]
        ]
        role = escape(message["role"])
        messages.append(f'<div class="message"><b>{role}</b>{"".join(parts)}</div>')
    return (
        f"<section><h2>conversation</h2><p>{escape(facts)}</p>"
        f'<div class="chat">{"".join(messages)}</div></section>'
    )


def _shown(image: Mapping[str, Any], shown: Mapping[str, Any]) -> str:
    # As large as it is beside the others: what has faded is small.
    facts = f"{shown['mode']}, {shown['vision_tokens']} tokens"
    width = f"width:{shown['width'] / 6:.0f}px"
    return f'<figure style="{width}">{_embedded(image)}<figcaption>{facts}</figcaption></figure>'


def _said(text: str) -> str:
    return f'<pre dir="auto">{escape(text)}</pre>'


def _box(block: Mapping[str, Any]) -> str:
    left, top, right, bottom = (100 * float(side) for side in block["bbox"])
    return (
        f'<div title="{escape(block["label"])}" style="left:{left:.2f}%;top:{top:.2f}%;'
        f'width:{right - left:.2f}%;height:{bottom - top:.2f}%"></div>'
    )
