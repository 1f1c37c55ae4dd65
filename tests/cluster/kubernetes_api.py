"""A stand-in for the Kubernetes API, over TLS on loopback: the RayJobs of one namespace."""

from __future__ import annotations

import datetime
import ipaddress
import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.answers import served

Value = dict[str, Any]

TOKEN = "a-pods-token"
NAMESPACE = "lake"
_PATH = f"/apis/ray.io/v1/namespaces/{NAMESPACE}/rayjobs"


@dataclass(slots=True)
class RayJobs:
    """The jobs of the server, and the requests that it got."""

    authority: str
    port: int = 0
    jobs: dict[str, Value] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    answer_with: int | None = None

    def add(self, name: str, status: str | None, created: str, instance: str = "manuals") -> None:
        """Add a RayJob, as if it already existed."""
        self.jobs[name] = {
            "metadata": {
                "name": name,
                "creationTimestamp": created,
                "labels": {"app.kubernetes.io/instance": instance},
            },
            "status": {"jobDeploymentStatus": status} if status else {},
        }

    def answer(self, method: str, target: str, body: Value | None) -> tuple[int, Value]:
        """Answer as a real API server does, for the calls that the tests need."""
        url = urlsplit(target)
        self.asked.append(f"{method} {target}")
        if self.answer_with is not None:
            return self.answer_with, {"message": "as the test wishes"}
        name = url.path.removeprefix(_PATH).strip("/")
        if not url.path.startswith(_PATH):
            return 404, {"message": f"no {url.path}"}
        if method == "GET":
            ((key, value),) = [
                pair.split("=") for pair in parse_qs(url.query)["labelSelector"][0].split(",")
            ]
            matching = [j for j in self.jobs.values() if j["metadata"]["labels"].get(key) == value]
            return 200, {"kind": "RayJobList", "items": matching}
        if method == "POST":
            assert body is not None
            if body["metadata"]["name"] in self.jobs:
                return 409, {"message": "already exists"}
            self.jobs[body["metadata"]["name"]] = body
            return 201, body
        return (200, self.jobs.pop(name)) if name in self.jobs else (404, {"message": "gone"})


@contextmanager
def kubernetes_api(folder: Path) -> Iterator[RayJobs]:
    """Run the server; its self-signed certificate is made in `folder`."""
    certificate, key = _certificate()
    (folder / "server.pem").write_bytes(certificate + key)
    held = RayJobs(certificate.decode())

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                status, answer = 401, {"message": "Unauthorized"}
            else:
                status, answer = held.answer(self.command, self.path, body)
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815 - names that http.server looks for

        def log_message(self, format: str, *args: Any) -> None:
            """Log nothing: `asked` holds the requests."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    held.port = server.server_address[1]
    with served(server):
        yield held


def _certificate() -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kubernetes")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return (
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )
