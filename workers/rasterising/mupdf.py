"""Import MuPDF without the layout models that `import pymupdf` loads.

    import_without_models()
    from workers.rasterising import render

PyMuPDF 2.0 imports two packages that come with it: `pymupdf.layout`, which makes a session of each
of its models, and `pymupdf4llm`, which imports ONNX Runtime. A child needs neither:
`workers.layout` has sessions of its own, made where a page asks for them. Only our children do
this, so that others who use PyMuPDF in a process find it as it is.
"""

from __future__ import annotations

import sys
from typing import Any

_UNUSED = ("pymupdf.layout", "pymupdf4llm")


def import_without_models() -> None:
    """Import MuPDF for the first time in this process; does nothing where it was imported before.

    `pymupdf.layout` can be imported later, and loads no models then either.
    """
    if "pymupdf" in sys.modules:
        return
    modules: dict[str, Any] = sys.modules
    # Their import fails, which PyMuPDF takes for a Python that lacks them.
    modules.update(dict.fromkeys(_UNUSED))
    try:
        import pymupdf
    finally:
        for name in _UNUSED:
            del modules[name]
    # `pymupdf.layout` loads its models where nobody analyses layout yet.
    pymupdf._get_layout = _no_layout


def _no_layout(*_: object, **__: object) -> None:
    """What `Page.get_layout` finds: nothing, as without the models."""
