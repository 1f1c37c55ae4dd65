"""Messages of MuPDF's errors, provoked in the library itself."""

from __future__ import annotations

import subprocess
import sys

from workers.rasterising.settings import is_out_of_memory

# 588 MB of memory for a picture, where 512 MiB are to be had, and the program has its share.
LACKS_MEMORY = """
import resource, pymupdf
pymupdf.TOOLS.mupdf_display_errors(False)
resource.setrlimit(resource.RLIMIT_AS, (2**29, 2**29))
try:
    pymupdf.Pixmap(pymupdf.csRGB, pymupdf.IRect(0, 0, 14_000, 14_000))
except Exception as exc:
    print(f"{type(exc).__name__}: {exc}")
"""


def test_mupdf_says_that_it_lacks_memory() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LACKS_MEMORY], capture_output=True, text=True, check=True
    )
    assert is_out_of_memory(done.stdout), done.stdout + done.stderr
    assert not is_out_of_memory("cannot find object in xref (9 0 R)")
