"""Addresses of clusters: which are valid, and the errors for the others."""

from __future__ import annotations

import socket

import pytest

from cluster.jobs_client import connect
from schemas.errors import ClusterError, RequestError


@pytest.mark.parametrize(
    "address",
    ["head", "ftp://head:21", "os://head:1", "http://", "http://head:port", "http://[", ":8265"],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(RequestError, match="such as http://head:8265"):
        connect(address)


@pytest.mark.parametrize("scheme", ["", "http://", "ray://"])
def test_where_nothing_listens_is_said_at_once(scheme: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening
        address = f"{scheme}127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ClusterError, match=f"{address} does not answer"):
            connect(address)


def test_a_password_is_not_shown() -> None:
    with pytest.raises(ClusterError) as caught:
        connect("http://user:password@127.0.0.1:1")
    assert str(caught.value).startswith("http://127.0.0.1:1 does not answer: ")
