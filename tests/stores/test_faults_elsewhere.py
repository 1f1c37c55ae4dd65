"""Azure and Google Cloud Storage through a faulty network, and what they refuse."""

from __future__ import annotations

import base64
import logging
from concurrent.futures import ThreadPoolExecutor

import pytest

from schemas.errors import AccessError
from tests.answers import answering
from tests.s3.faulty_proxy import DENY, FORGET, FaultyProxy
from tests.s3.refusals import refused
from tests.s3.test_documents_s3 import (  # noqa: F401
    files,
    rasterizer,
    test_one_object_that_is_denied_is_unreadable,
)
from tests.s3.test_faults import (  # noqa: F401
    test_a_create_whose_answer_was_lost_is_ours,
    test_a_create_whose_upload_broke_off_is_whole,
    test_a_large_upload_survives_faults_of_all_kinds,
    test_a_store_that_only_fails_is_given_up_on,
    test_a_table_on_a_store_that_only_fails_is_given_up_on,
    test_commits_survive_faults,
    test_some_faults_of_a_kind_change_nothing,
)
from tests.stores.conftest import use
from tests.stores.servers import BUCKET, Server
from workers import store

pytestmark = pytest.mark.stores


@pytest.mark.usefixtures("no_pauses")
def test_a_list_that_breaks_off_goes_on_where_it_was(
    s3: str, server: Server, proxy: FaultyProxy
) -> None:
    if server.scheme != "gs":
        pytest.skip("Azurite sends 5,000 names in its first page")
    uris = [store.join(s3, f"{number:04d}.pdf") for number in range(1003)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda uri: store.write_bytes(uri, b""), uris))
    proxy.inject("cut", only="GET .*continuation-token", limit=1)
    assert [file.uri for file in store.list_documents([s3])] == uris
    assert proxy.faults == {"cut": 1}


def test_a_missing_bucket_is_named(s3: str) -> None:
    refused(s3.replace(BUCKET, "no-such-bucket"), "there is no (bucket|container) 'no-such-bucket'")


def test_a_store_that_denies_us_names_the_remedy(s3: str, proxy: FaultyProxy) -> None:
    proxy.inject(DENY)
    refused(s3, f"access to the (bucket|container) '{BUCKET}' is denied")


def test_a_wrong_key_is_named_and_not_shown(
    s3: str, server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if server.scheme != "az":
        pytest.skip("the emulator of GCS looks at no key")
    caplog.set_level(logging.DEBUG)
    wrong = base64.b64encode(b"MARKER-wrong-key").decode()
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", wrong)
    refused(s3, r"credentials.*AZURE_STORAGE_ACCOUNT_KEY")
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_KEY")
    monkeypatch.setenv("AZURE_STORAGE_SAS_KEY", "sv=2021-12-02&se=2030-01-01&sig=MARKER-signature")
    with pytest.raises(AccessError) as caught:
        store.list_documents([s3])
    assert "MARKER" not in str(caught.value) + caplog.text
    assert wrong not in caplog.text


def test_a_store_that_ignores_conditions_is_refused(
    s3: str, server: Server, proxy: FaultyProxy
) -> None:
    if server.scheme != "gs":
        pytest.skip("Azure's signatures cover the condition, so a proxy cannot take it away")
    proxy.inject(FORGET)
    with pytest.raises(AccessError, match="ignores conditional puts") as caught:
        store.require_conditional_put(s3)
    assert "\n" not in str(caught.value)
    assert store.list_names(s3, "") == []


def test_a_machine_without_keys_is_told_which_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    # The service that gives a machine's identity its tokens knows of none.
    with answering(lambda path: (400, "no identity")) as url:
        named = {"AZURE_STORAGE_ACCOUNT_NAME": "lake", "AZURE_MSI_ENDPOINT": url}
        use({**named, "AZURE_ALLOW_HTTP": "true"}, monkeypatch)
        refused("az://corpora/manuals", "credentials .*container 'corpora'.*NoToken.*ACCOUNT_KEY")
