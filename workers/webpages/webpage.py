"""The frame of every HTML file for people to look at. Pure.

A file loads nothing: pictures are embedded, there is no script, and a policy in the file forbids
browsers to load anything. Does not: escape the body's texts; the caller does.
"""

from __future__ import annotations

import base64
from html import escape

_STYLE = """
:root { color-scheme: light; font: 15px/1.5 system-ui, sans-serif; color: #1b1f24 }
body { margin: 2rem auto; max-width: 110rem; padding: 0 1.5rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.05rem; margin: 0; overflow-wrap: anywhere }
p { color: #57606a; margin: .2rem 0 .8rem; overflow-wrap: anywhere }
section { margin: 2rem 0; border-top: 2px solid #d8dee4; padding-top: 1rem }
"""


def webpage(title: str, style: str, body: str) -> str:
    """A whole HTML file with `title` as its heading; `style` is CSS added to that of all files."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}{style}</style></head><body>\n"
        f"<h1>{escape(title)}</h1>\n{body}\n</body></html>\n"
    )


def embedded(data: bytes, kind: str, alt: str = "") -> str:
    """An `img` with the bytes of a picture's file; `kind` is `jpeg`, `png` or `webp`."""
    encoded = base64.b64encode(data).decode()
    return f'<img alt="{escape(alt)}" src="data:image/{kind};base64,{encoded}">'
