"""Office documents as PDFs, by LibreOffice in a child that may be killed.

    office = Office(limits)
    pdf = office.as_pdf(path, DOCX)    # a path that lasts until the next call
    office.close()

Owns the scratch folder, and in it the PDFs made last, by what the documents hold: the shards of a
document that one process draws cost one conversion. `office_child` says what the child may do.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

from schemas.errors import DocumentError
from schemas.lines import one_line
from schemas.pages import PageError
from workers import store
from workers.rasterising import archives
from workers.rasterising.children import Child, ChildDiedError, Failure
from workers.rasterising.media_types import LOCKED_OFFICE, ODP, ODS, ODT, OFFICE_SUFFIXES
from workers.rasterising.office_child import PDF_NAME, convert, forget_socket, prepare
from workers.rasterising.readers import libreoffice, require_reader
from workers.rasterising.settings import ChildLimits

_PAGE_TIMES = 4
"""A conversion may take as long as so many pages: on a busy machine a letter took 4 s, and a report
of 150 pages 8 s."""
_MAX_STARTS = 2
"""LibreOffice ends once, where its profile is new, and asks to be started again."""
_MAX_KEPT = 64
_MAX_KEPT_BYTES = 512 << 20


class Office:
    """Converts office documents, one at a time, and keeps the PDFs made last."""

    def __init__(self, limits: ChildLimits) -> None:
        self._limits = limits
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._child: Child | None = None
        self._kept: OrderedDict[str, Path] = OrderedDict()

    @property
    def report(self) -> str | None:
        """What could not be forbidden to LibreOffice; None where everything was."""
        return (
            None if self._child is None or self._child.report is None else str(self._child.report)
        )

    def as_pdf(self, path: Path, media_type: str) -> Path:
        """The document as a PDF, which lasts until the next call. Raises DocumentError."""
        if media_type == LOCKED_OFFICE or (
            media_type in (ODT, ODP, ODS) and archives.is_encrypted(path)
        ):
            raise DocumentError("encrypted", "the file needs a password; save it without one")
        require_reader(media_type)
        key = store.sha256_of(str(path))
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        made = self._converted(path, media_type, key)
        self._kept[key] = made
        self._forget_old()
        return made

    def _converted(self, path: Path, media_type: str, key: str) -> Path:
        child, scratch = self._started()
        name = "document" + OFFICE_SUFFIXES[media_type]
        folder = Path(tempfile.mkdtemp(dir=scratch))
        try:
            shutil.copyfile(path, folder / name)
            timeout_s = self._limits.page_timeout_s * _PAGE_TIMES
            call = (str(libreoffice()), str(folder), name)
            result: Any = False
            for _ in range(_MAX_STARTS):
                (result,) = child.run(convert, [call], timeout_s)
                forget_socket(folder)
                if result is not False:
                    break
            if result is not True:
                error = _error(result, timeout_s)
                raise DocumentError(error.reason, error.detail)
            return (folder / PDF_NAME).rename(scratch / f"{key}.pdf")
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _started(self) -> tuple[Child, Path]:
        if self._scratch is None or self._child is None:
            self._scratch = tempfile.TemporaryDirectory(prefix="pagefoundry-office-")
            scratch = str(Path(self._scratch.name).resolve())
            self._child = Child(
                prepare, str(libreoffice()), scratch, self._limits.memory_bytes, leads_group=True
            )
        return self._child, Path(self._scratch.name).resolve()

    def _forget_old(self) -> None:
        sizes = {key: path.stat().st_size for key, path in self._kept.items()}
        total = sum(sizes.values())
        while len(self._kept) > 1 and (len(self._kept) > _MAX_KEPT or total > _MAX_KEPT_BYTES):
            key, path = self._kept.popitem(last=False)
            path.unlink()
            total -= sizes[key]

    def close(self) -> None:
        """End the child and delete the PDFs; the next call starts another."""
        if self._child is not None:
            self._child.close()
        if self._scratch is not None:
            self._scratch.cleanup()
        self._child, self._scratch = None, None
        self._kept.clear()


def _error(result: PageError | bool | Failure, timeout_s: float) -> PageError:
    if isinstance(result, bool):
        return PageError("corrupt", f"LibreOffice asked to be started again {_MAX_STARTS} times")
    if isinstance(result, PageError):
        return result
    if isinstance(result, TimeoutError):
        return PageError("timeout", f"LibreOffice was not done after {timeout_s:g} s")
    if isinstance(result, ChildDiedError):
        return PageError("native_crash", f"the process of LibreOffice ended: {result.how}")
    return PageError("corrupt", f"{result.kind}: {one_line(result.text)}")
