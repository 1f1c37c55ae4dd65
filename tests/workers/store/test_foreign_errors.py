"""Messages of libraries' errors, each provoked in the library itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from botocore import exceptions as boto
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from obstore.exceptions import BaseError
from obstore.store import AzureStore

from schemas.errors import AccessError
from tests.answers import answering
from workers.store.foreign_errors import (
    quoted_code,
    quoted_status,
    was_tried_again,
    what_failed,
)
from workers.store.locations import storage_error
from workers.store.retry import RetryPolicy, answer_of
from workers.store.s3 import S3

DENIED = "<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>No.</Message></Error>"


def deltas_error(status: int, text: str) -> str:
    with answering(lambda path: (status, text)) as url:
        options = {
            "AWS_ENDPOINT_URL": url,
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "a",
            "AWS_SECRET_ACCESS_KEY": "b",
            "max_retries": "1",
            "backoff_config.init_backoff": "1ms",
            "backoff_config.max_backoff": "2ms",
        }
        with pytest.raises((DeltaError, OSError)) as caught:
            DeltaTable("s3://lake/table", storage_options=options)
    return str(caught.value)


def obstores_error(monkeypatch: pytest.MonkeyPatch, retries: int, status: int, text: str) -> str:
    with answering(lambda path: (status, text)) as url:
        monkeypatch.setenv("AZURE_STORAGE_USE_EMULATOR", "true")
        monkeypatch.setenv("AZURITE_BLOB_STORAGE_URL", url)
        moment = timedelta(milliseconds=1)
        store = AzureStore.from_url(
            "az://lake",
            retry_config={
                "max_retries": retries,
                "backoff": {"init_backoff": moment, "max_backoff": 2 * moment, "base": 2},
            },
        )
        with pytest.raises(BaseError) as caught:
            list(store.list())
    return str(caught.value)


def test_obstore_says_that_it_has_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert was_tried_again(what_failed(obstores_error(monkeypatch, 1, 503, "busy")))
    assert not was_tried_again(what_failed(obstores_error(monkeypatch, 0, 503, "busy")))
    assert not was_tried_again(what_failed(obstores_error(monkeypatch, 1, 403, DENIED)))


def test_obstore_quotes_the_answer_of_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    message = obstores_error(monkeypatch, 0, 403, DENIED)
    assert (quoted_status(message), quoted_code(message)) == (403, "AccessDenied")
    assert what_failed(message).endswith(DENIED)
    message = obstores_error(monkeypatch, 0, 500, "busy")
    assert (quoted_status(message), quoted_code(message)) == (500, None)


def test_a_machine_without_an_identity_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(lambda path: (400, "no identity")) as url:
        monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "lake")
        monkeypatch.setenv("AZURE_MSI_ENDPOINT", url)
        monkeypatch.setenv("AZURE_ALLOW_HTTP", "true")
        with pytest.raises(BaseError) as of_obstore:
            list(AzureStore.from_url("az://lake").list())
        with pytest.raises((DeltaError, OSError)) as of_deltalake:
            DeltaTable("az://lake/table")
    for caught in (of_obstore, of_deltalake):
        assert quoted_code(str(caught.value)) == "NoToken"


def test_deltalake_says_that_it_has_tried_again() -> None:
    assert was_tried_again(deltas_error(503, "busy"))
    assert not was_tried_again(deltas_error(403, DENIED))


def test_deltalake_quotes_the_answer_of_the_store() -> None:
    message = deltas_error(403, DENIED)
    assert quoted_code(message) == "AccessDenied"
    error = storage_error("open the table", "s3://lake/table", OSError(message))
    assert isinstance(error, AccessError)
    busy = deltas_error(503, "busy")
    assert (quoted_code(busy), quoted_status(busy)) == (None, 503)


def test_s3fs_has_botocores_error_as_the_cause_of_its_own() -> None:
    with answering(lambda path: (403, DENIED)) as url:
        fs = S3(RetryPolicy(tries=1), key="a", secret="b", endpoint_url=url)
        with pytest.raises(OSError, match=r"No\.") as caught:
            fs.get_object("lake/a")
        assert answer_of(caught.value) == (403, "AccessDenied")
        assert isinstance(caught.value.__cause__, boto.ClientError)
