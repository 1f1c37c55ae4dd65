"""One corpus laid out in many ways: as files, and in each kind of container."""

from __future__ import annotations

import gzip
import hashlib
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

Corpus = Mapping[str, bytes]
"""The bytes of documents, by their names: relative paths."""


def as_folder(corpus: Corpus, root: Path) -> None:
    for name, data in corpus.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)


def tar_of(corpus: Corpus) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, data in corpus.items():
            info = tarfile.TarInfo(name)
            # A time that follows the content, as that of a file which is written anew does.
            info.size, info.mtime = len(data), int(hashlib.sha256(data).hexdigest()[:7], 16)
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def zip_of(corpus: Corpus, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in corpus.items():
            archive.writestr(name, data)
    return stream.getvalue()


def zstd_of(data: bytes) -> bytes:
    stream = pa.BufferOutputStream()
    with pa.CompressedOutputStream(stream, "zstd") as packed:
        packed.write(data)
    return bytes(stream.getvalue())


def warc_record(
    url: str,
    body: bytes,
    fields: Mapping[str, str] | None = None,
    status: str = "200 OK",
    content_type: str = "application/pdf",
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """One response, packed by itself; `fields` are the record's, `headers` the server's."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
    head += "".join(f"{key}: {value}\r\n" for key, value in (headers or {}).items())
    http = head.encode() + b"\r\n" + body
    lines = {
        "WARC-Type": "response",
        "WARC-Record-ID": f"<urn:uuid:{hashlib.sha256(url.encode() + body).hexdigest()[:32]}>",
        "WARC-Date": "2026-01-02T03:04:05Z",
        "WARC-Target-URI": url,
        "Content-Type": "application/http; msgtype=response",
        "Content-Length": str(len(http)),
    } | dict(fields or {})
    header = "WARC/1.0\r\n" + "".join(f"{key}: {value}\r\n" for key, value in lines.items())
    return gzip.compress(header.encode() + b"\r\n" + http + b"\r\n\r\n", mtime=0)


def warc_of(corpus: Corpus) -> bytes:
    page = warc_record(
        "https://example.org/", b"<!doctype html><p>not one", content_type="text/html"
    )
    return page + b"".join(
        warc_record(f"https://example.org/{name}", data) for name, data in corpus.items()
    )


def parquet_of(corpus: Corpus) -> bytes:
    stream = io.BytesIO()
    table = pa.table(
        {"name": list(corpus), "content": pa.array(list(corpus.values()), pa.binary())}
    )
    pq.write_table(table, stream, row_group_size=4)
    return stream.getvalue()


def images_of(corpus: Corpus) -> bytes:
    """An Arrow stream with a column of Hugging Face Images."""
    stream = io.BytesIO()
    images = [{"bytes": data, "path": name} for name, data in corpus.items()]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    table = pa.table({"image": pa.array(images, kind)})
    with pa.ipc.new_stream(stream, table.schema) as writer:
        writer.write_table(table, max_chunksize=3)
    return stream.getvalue()


def webdataset_of(corpus: Corpus) -> bytes:
    """Samples of a document and what is said of it, one behind the other."""
    samples = {}
    for number, (name, data) in enumerate(corpus.items()):
        samples[f"{number:06d}{Path(name).suffix}"] = data
        samples[f"{number:06d}.json"] = f'{{"name": "{name}"}}'.encode()
    return tar_of(samples)


PACKED: dict[str, Callable[[Corpus], bytes]] = {
    "corpus.tar": tar_of,
    "corpus.tar.gz": lambda corpus: gzip.compress(tar_of(corpus), mtime=0),
    "corpus.tar.zst": lambda corpus: zstd_of(tar_of(corpus)),
    "corpus.tar.xz": lambda corpus: lzma.compress(tar_of(corpus)),
    "corpus.zip": zip_of,
    "corpus.warc.gz": warc_of,
    "corpus.parquet": parquet_of,
    "corpus.arrow": images_of,
    "samples.tar": webdataset_of,
}
"""The forms of one file that hold a whole corpus."""
