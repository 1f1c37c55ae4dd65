"""Office files that LibreOffice writes itself, for the tests of reading them."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests import formats
from workers.rasterising.readers import libreoffice

MISSING = (
    "LibreOffice is not installed: apt-get install libreoffice-writer-nogui "
    "libreoffice-calc-nogui libreoffice-impress-nogui"
)
SLIDES = ("The first slide about pumps", "The second slide about valves")
_DRAW = "urn:oasis:names:tc:opendocument:xmlns"
_SLIDE = (
    '<draw:page draw:name="{0}"><draw:frame svg:width="20cm" svg:height="3cm" svg:x="2cm" '
    'svg:y="2cm"><draw:text-box><text:p>{0}</text:p></draw:text-box></draw:frame></draw:page>'
)
_PRESENTATION = (
    f'<office:document xmlns:office="{_DRAW}:office:1.0" xmlns:draw="{_DRAW}:drawing:1.0" '
    f'xmlns:text="{_DRAW}:text:1.0" xmlns:svg="{_DRAW}:svg-compatible:1.0" office:version="1.2" '
    'office:mimetype="application/vnd.oasis.opendocument.presentation"><office:body>'
    f"<office:presentation>{''.join(map(_SLIDE.format, SLIDES))}</office:presentation>"
    "</office:body></office:document>"
)
TWO_PAGES = (
    f"<h1>{formats.TITLE}</h1><p>{formats.PROSE}</p><ul><li>the piston</li><li>the valve</li></ul>"
    f'<p style="page-break-before: always">{formats.PROSE}</p>'
)
TABLE = "Part,Price\nPiston,12.50\nValve,3.99\n"
_SOURCES = {
    "text.html": ("HTML (StarWriter)", TWO_PAGES),
    "table.csv": ("CSV:44,34,76", TABLE),
    "slides.fodp": ("OpenDocument Presentation Flat XML", _PRESENTATION),
}


def write(folder: Path, source: str, suffix: str) -> Path:
    """One of the sources as LibreOffice writes it in the format of `suffix`."""
    wanted, text = _SOURCES[source]
    original = folder / source
    original.write_text(text)
    out = folder / "out"
    made = out / f"{original.stem}.{suffix}"
    for _ in range(2):  # it ends once where its profile is new
        if not made.exists():
            subprocess.run(
                [
                    str(libreoffice()), "--headless", "--norestore",
                    f"-env:UserInstallation={(folder / 'profile').as_uri()}",
                    f"--infilter={wanted}", "--convert-to", suffix, "--outdir", str(out),
                    str(original),
                ],
                check=False,
                capture_output=True,
                timeout=120,
            )  # fmt: skip
    return made
