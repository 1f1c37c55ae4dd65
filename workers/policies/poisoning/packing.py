"""The results of the passes as bytes, so that they go from task to task through files.

Counts and suspects are arrays in an Arrow stream, compressed; evidence is JSON.
"""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from workers.policies.poisoning.counts import Counts
from workers.policies.poisoning.evidence import Candidate, Evidence, Example
from workers.policies.poisoning.suspects import Suspects

_LZ4 = pa.ipc.IpcWriteOptions(compression="lz4")


def pack_counts(counts: Counts) -> bytes:
    """Counts as bytes; tables that are nearly empty become small."""
    return _packed({field.name: getattr(counts, field.name) for field in fields(counts)})


def unpack_counts(data: bytes) -> Counts:
    """The inverse of `pack_counts`; the tables cannot be written to."""
    arrays = _unpacked(data)
    return Counts(
        arrays["words"].view(np.uint32),
        arrays["pairs"].view(np.uint16),
        arrays["apart"].view(np.uint16),
        arrays["grams"].view(np.uint32),
        arrays["contexts"].view(np.uint32),
    )


def pack_suspects(suspects: Suspects) -> bytes:
    """Suspects as bytes."""
    numbers = np.array([suspects.texts, suspects.suspects, suspects.most], np.int64)
    arrays = {name: getattr(suspects, name) for name in ("key", "exact", "folded")}
    return _packed({**arrays, "numbers": numbers})


def unpack_suspects(data: bytes) -> Suspects:
    """The inverse of `pack_suspects`."""
    arrays = _unpacked(data)
    key = arrays["key"].view(np.uint64)
    width = Suspects.empty().exact.shape[1]
    exact, folded = (arrays[n].view(np.uint64).reshape(-1, width) for n in ("exact", "folded"))
    return Suspects(key, exact, folded, *arrays["numbers"].view(np.int64).tolist())


def pack_evidence(evidence: Evidence) -> bytes:
    """What was counted of the candidates as bytes; their hashes are not among them."""
    counted = {str(number): asdict(one) for number, one in evidence.counted.items()}
    return json.dumps(counted).encode()


def unpack_evidence(data: bytes) -> Evidence:
    """The inverse of `pack_evidence`."""
    counted = {int(number): _candidate(one) for number, one in json.loads(data).items()}
    return Evidence(np.zeros(0, np.uint64), counted)


def _candidate(fields_of: dict[str, Any]) -> Candidate:
    documents = {int(number): name for number, name in fields_of.pop("documents").items()}
    examples = [Example(**one) for one in fields_of.pop("examples")]
    return Candidate(**fields_of, documents=documents, examples=examples)


def _packed(arrays: dict[str, npt.NDArray[Any]]) -> bytes:
    columns = {
        name: pa.LargeBinaryArray.from_buffers(
            pa.large_binary(),
            1,
            [None, pa.py_buffer(np.array([0, array.nbytes])), pa.py_buffer(array.tobytes())],
        )
        for name, array in arrays.items()
    }
    batch = pa.record_batch(columns)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=_LZ4) as writer:
        writer.write_batch(batch)
    packed: bytes = sink.getvalue().to_pybytes()
    return packed


def _unpacked(data: bytes) -> dict[str, npt.NDArray[np.uint8]]:
    """The bytes of each array, without a copy of what was decompressed."""
    batch = pa.ipc.open_stream(data).read_next_batch()
    arrays = {}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        _, offsets, values = column.buffers()
        size = int(np.frombuffer(offsets, np.int64)[1])
        arrays[name] = np.frombuffer(values or b"", np.uint8, size)
    return arrays
