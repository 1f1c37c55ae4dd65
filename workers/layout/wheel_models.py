"""Opens the ONNX models that the `pymupdf` wheel ships (from 2.0). Downloads nothing."""

from __future__ import annotations

from importlib.metadata import distribution
from pathlib import Path

import onnxruntime as ort

from schemas.errors import NoEngineError

_FOLDER = "pymupdf/layout/resources/onnx"


def wheel_file(name: str) -> Path:
    """Where the wheel's file `name` lies."""
    return Path(str(distribution("pymupdf").locate_file(f"{_FOLDER}/{name}")))


def open_model(name: str, threads: int, file: Path | None = None) -> ort.InferenceSession:
    """A session on CPU cores, 0 for all; `file` in place of the wheel's file `name`.

    Raises NoEngineError where the model cannot be loaded.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    try:
        model = str(file or wheel_file(name))
        return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as exc:  # onnxruntime's errors share no narrower base
        raise NoEngineError(
            f"layout model {name}: {exc}; install pymupdf>=2.0, which ships it"
        ) from exc
