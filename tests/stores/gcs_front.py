"""The XML API of Google Cloud Storage before an emulator that has only the JSON API's conditions.

obstore and deltalake speak the XML API. fake-gcs-server answers its reads, lists and deletes; it
takes uploads, and heeds generations, on the JSON API only. So an upload is sent on there, in one
piece, with the generation that the header asks for. What is decided here: the pages of a list, the
`If-Match` of a read, and the words for a missing bucket.

Run as a script, because deltalake holds the interpreter's lock while it waits for an answer.
"""

from __future__ import annotations

import http.client
import itertools
import json
import sys
import threading
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from urllib.parse import parse_qs, quote, unquote, urlsplit

PAGE_KEYS = 1000
NONE: Mapping[str, str] = MappingProxyType({})
_TIMEOUT_S = 30
_PASSED = ("etag", "x-goog-generation", "content-range", "last-modified", "content-type")

_uploads: dict[str, dict[int, bytes]] = {}
_numbers = itertools.count(1)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    upstream_port: int

    def log_message(self, *args: object) -> None:
        pass

    def serve(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        if len(body) < length:  # an upload that broke off on its way, which no store keeps
            self.close_connection = True
            return
        url = urlsplit(self.path)
        self.bucket, _, key = url.path.removeprefix("/").partition("/")
        self.key = unquote(key)
        query = {name: values[0] for name, values in parse_qs(url.query, True).items()}
        if not self.key:
            self._list(url.query, query)
        elif "uploads" in query or "uploadId" in query:
            self._upload_in_parts(query, body)
        elif self.command == "PUT":
            self._upload(body, self.headers.get("x-goog-if-generation-match"))
        else:
            self._read_or_delete()

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = serve  # noqa: N815

    def _ask(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] = NONE,
    ) -> tuple[http.client.HTTPResponse, bytes]:
        upstream = http.client.HTTPConnection("127.0.0.1", self.upstream_port, timeout=_TIMEOUT_S)
        try:
            upstream.request(method, path, body, dict(headers))
            answer = upstream.getresponse()
            return answer, answer.read()
        finally:
            upstream.close()

    def _answer(self, status: int, data: bytes = b"", headers: Mapping[str, str] = NONE) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if not any(name.lower() == "content-length" for name in headers):
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _refuse(self, status: int, code: str) -> None:
        self._answer(status, f"<Error><Code>{code}</Code></Error>".encode())

    def _read_or_delete(self) -> None:
        passed = {"Range": self.headers["Range"]} if "Range" in self.headers else {}
        path = f"/{self.bucket}/{quote(self.key, safe='')}"
        answer, data = self._ask(self.command, path, headers=passed)
        if answer.status == 404:
            bucket, _ = self._ask("GET", f"/storage/v1/b/{self.bucket}")
            self._refuse(404, "NoSuchKey" if bucket.status == 200 else "NoSuchBucket")
        elif self.headers.get("If-Match", answer.getheader("ETag")) != answer.getheader("ETag"):
            self._refuse(412, "PreconditionFailed")
        else:
            kept = {n: v for n, v in answer.getheaders() if n.lower() in _PASSED}
            length = {"Content-Length": answer.getheader("Content-Length") or str(len(data))}
            self._answer(answer.status, data, {**kept, **length})

    def _upload(self, data: bytes, generation: str | None, as_xml: bool = False) -> None:
        path = f"/upload/storage/v1/b/{self.bucket}/o?uploadType=multipart"
        if generation is not None:
            path += f"&ifGenerationMatch={generation}"
        edge = "=" * 20
        head = json.dumps({"name": self.key})
        body = (
            f"--{edge}\r\nContent-Type: application/json\r\n\r\n{head}\r\n"
            f"--{edge}\r\nContent-Type: application/octet-stream\r\n\r\n"
        ).encode()
        body += data + f"\r\n--{edge}--\r\n".encode()
        kind = {"Content-Type": f'multipart/related; boundary="{edge}"'}
        answer, told = self._ask("POST", path, body, kind)
        if answer.status == 412:
            self._refuse(412, "PreconditionFailed")
        elif answer.status == 404:
            self._refuse(404, "NoSuchBucket")
        elif answer.status != 200:
            self._answer(answer.status, told)
        else:
            made = json.loads(told)
            tag = f'"{made["etag"]}"'
            done = (
                f"<CompleteMultipartUploadResult><ETag>{tag}</ETag></CompleteMultipartUploadResult>"
            )
            headers = {"ETag": tag, "x-goog-generation": made["generation"]}
            self._answer(200, done.encode() if as_xml else b"", headers)

    def _upload_in_parts(self, query: dict[str, str], body: bytes) -> None:
        name = query.get("uploadId", "")
        if "uploads" in query:
            name = str(next(_numbers))
            _uploads[name] = {}
            told = (
                f"<InitiateMultipartUploadResult><UploadId>{name}</UploadId>"
                "</InitiateMultipartUploadResult>"
            )
            self._answer(200, told.encode())
        elif name not in _uploads:
            self._refuse(404, "NoSuchUpload")
        elif self.command == "PUT":
            _uploads[name][int(query["partNumber"])] = body
            self._answer(200, headers={"ETag": f'"{len(body)}"'})
        elif self.command == "POST":
            parts = _uploads.pop(name)
            numbers = [int(item.text or "") for item in ET.fromstring(body).iter() if _is(item)]
            self._upload(b"".join(parts[number] for number in numbers), None, as_xml=True)
        else:
            del _uploads[name]
            self._answer(204)

    def _list(self, text: str, query: dict[str, str]) -> None:
        answer, data = self._ask("GET", f"/{self.bucket}?{text}")
        if b"no bucket named" in data:
            self._refuse(404, "NoSuchBucket")
            return
        result = ET.fromstring(data)
        after = query.get("continuation-token") or query.get("start-after") or ""
        held = 0
        for item in result.findall("Contents"):
            held += (key := item.findtext("Key", "")) > after
            if key <= after or held > PAGE_KEYS:
                result.remove(item)
        if held > PAGE_KEYS:
            last = result.findall("Contents")[-1].findtext("Key", "")
            ET.SubElement(result, "NextContinuationToken").text = last
        self._answer(answer.status, ET.tostring(result))


def _is(item: ET.Element) -> bool:
    return item.tag.rpartition("}")[2] == "PartNumber"


def _serve(port: int) -> None:
    handler = type("Handler", (_Handler,), {"upstream_port": port})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
