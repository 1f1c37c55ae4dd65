"""Locations: settings of a recipe's storage, files that take another's place, errors of ours."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from botocore import exceptions as boto

from schemas.errors import AccessError, RecipeError, RequestError, StorageError
from schemas.recipe import Storage, parse_recipe
from workers import store
from workers.store import locations

RECIPE = "dataset: s3://lake/data\nsources: [{documents: s3://lake/corpus}]\n"


def storage_of(yaml: str) -> Storage:
    return parse_recipe(RECIPE + f"storage: {yaml}\n").storage


def test_storage_settings_are_no_part_of_the_digest() -> None:
    there = parse_recipe(RECIPE + "storage: {endpoint: 'https://minio:9000', region: r}\n")
    assert there.digest() == parse_recipe(RECIPE).digest()
    assert "storage" not in there.reading_settings()


@pytest.mark.parametrize(
    "yaml",
    [
        "{access_key: x}",
        "{secret: x}",
        "{endpoint: 'https://user:secret@minio:9000'}",
        "{endpoint: 'https://minio:9000/?token=secret'}",
        "{endpoint: minio}",
        "{profile: ''}",
    ],
)
def test_keys_have_no_place_in_a_recipe(yaml: str) -> None:
    with pytest.raises(RecipeError, match="storage"):
        storage_of(yaml)


def test_a_recipe_without_storage_changes_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    before = dict(os.environ)
    assert locations.use_storage(storage_of("{}")) == {}
    assert dict(os.environ) == before
    monkeypatch.setenv("AWS_PROFILE", "mine")
    assert locations.use_storage(storage_of("{profile: lake}")) == {"AWS_PROFILE": "lake"}
    assert os.environ["AWS_PROFILE"] == "lake"


def test_a_file_takes_the_place_of_another_whole(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "object"
    with locations.replacing(path) as new:
        new.write_bytes(b"one")
        assert not path.exists()
    assert path.read_bytes() == b"one"
    with pytest.raises(TypeError), locations.replacing(path) as new:
        new.write_text(b"not text")  # type: ignore[arg-type]
    assert path.read_bytes() == b"one"
    assert os.listdir(tmp_path / "folder") == ["object"]


def test_two_writers_of_one_file_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "object"
    with locations.replacing(path) as one, locations.replacing(path) as two:
        assert one != two


@pytest.mark.parametrize(
    ("cause", "message"),
    [
        (boto.NoCredentialsError(), "credentials for the bucket 'lake' are wrong or missing"),
        (boto.ProfileNotFound(profile="x"), "credentials for the bucket 'lake' are wrong"),
        (boto.ClientError({"Error": {"Code": "ExpiredToken"}}, "x"), "ExpiredToken"),
        (boto.ClientError({"Error": {"Code": "AccessDenied"}}, "x"), "'lake' is denied"),
        (boto.ClientError({"Error": {"Code": "NoSuchBucket"}}, "x"), "no bucket 'lake'"),
    ],
)
def test_a_refusal_is_a_request_error_with_a_remedy(cause: Exception, message: str) -> None:
    with (
        pytest.raises(AccessError, match=message) as caught,
        locations.translated("read", "s3://lake/a"),
    ):
        raise FileNotFoundError("a") from cause
    assert isinstance(caught.value, RequestError)
    assert isinstance(caught.value, StorageError)


def test_a_service_of_credentials_that_does_not_answer_may_do_so_later() -> None:
    silent = boto.CredentialRetrievalError(provider="iam-role", error_msg="timed out")
    error = locations.storage_error("read", "s3://lake/a", OSError(str(silent)))
    assert not isinstance(error, AccessError)
    assert "iam-role" in str(error)


@pytest.mark.parametrize(("url", "extra"), [("gs://lake/a", "gcs"), ("az://lake/a", "azure")])
def test_a_store_whose_client_is_missing_names_the_extra(
    url: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "obstore.store", None)  # importing it fails
    monkeypatch.setenv("AZURE_TEST_OF", "a client that no other test has made")
    monkeypatch.setenv("GOOGLE_TEST_OF", "a client that no other test has made")
    with pytest.raises(RequestError, match=rf"pip install 'pagefoundry\[{extra}\]'") as caught:
        store.read_bytes(url)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("environment", "url", "message"),
    [
        ({}, "az://lake/a", "Account must be specified; set AZURE_STORAGE_ACCOUNT_NAME"),
        (
            {"AZURE_STORAGE_ACCOUNT_NAME": "a", "AZURE_STORAGE_ACCOUNT_KEY": "MARKER, no base64"},
            "az://lake/a",
            "Invalid Access Key.*; set AZURE_STORAGE_ACCOUNT_NAME",
        ),
        (
            {"GOOGLE_APPLICATION_CREDENTIALS": "/nowhere.json"},
            "gs://lake/a",
            "/nowhere.json.*; set GOOGLE_APPLICATION_CREDENTIALS",
        ),
    ],
)
def test_an_environment_that_makes_no_client_is_a_refusal(
    environment: dict[str, str], url: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(AccessError, match=message) as caught:
        store.read_bytes(url)
    assert "\n" not in str(caught.value)
    assert "MARKER" not in str(caught.value)


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.EACCES, "give this user the right"),
        (errno.EPERM, "give this user the right"),
        (errno.EROFS, "mount it for writing"),
        (errno.EFBIG, "raise the limit of a file's size"),
    ],
)
def test_what_no_waiting_mends_on_a_disk_is_a_refusal(number: int, remedy: str) -> None:
    with (
        pytest.raises(AccessError, match=rf"^cannot write /d/a: .*{remedy}") as caught,
        locations.translated("write", "/d/a"),
    ):
        raise OSError(number, os.strerror(number), "/d/a")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE])
def test_what_may_pass_on_a_disk_is_none(number: int) -> None:
    error = locations.storage_error("write", "/d/a", OSError(number, os.strerror(number)))
    assert not isinstance(error, RequestError)


def test_deltalake_quotes_the_stores_answer() -> None:
    message = "Generic error\n  \x1b[31m↳\x1b[0m 403\n<Error><Code>AccessDenied</Code></Error>"
    error = locations.storage_error("open the table", "s3://lake/t", OSError(message))
    assert isinstance(error, AccessError)
    other = locations.storage_error("open the table", "s3://lake/t", OSError("a\n \x1b[31mb"))
    assert str(other) == "cannot open the table s3://lake/t: a b"


def test_a_process_that_meets_no_s3_does_not_load_it() -> None:
    code = (
        "import sys; import workers.store, workers.dataset.delta; sys.exit('s3fs' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("data", "/here/data"),
        ("data/", "/here/data"),
        ("./a/../data/.", "/here/data"),
        ("data ", "/here/data "),
        ("~", "/home/me"),
        ("~/data", "/home/me/data"),
        ("./~/data", "/here/~/data"),
        ("~data", "/here/~data"),
        ("a/~/data", "/here/a/~/data"),
        ("a%20b #?", "/here/a%20b #?"),
        ("file:///d/a%20b%23%3f%5Bx%5d", "/d/a b#?[x]"),
        ("file:///d/a b#?[x]", "/d/a b#?[x]"),
        ("file:///d/%FF", "file:///d/%FF"),
        ("/d/\udcff", "file:///d/%FF"),
        ("s3://lake/a b/%20//", "s3://lake/a b/%20"),
    ],
)
def test_a_place_is_what_it_is_written_as(
    given: str, meant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setattr(os, "getcwd", lambda: "/here")
    assert locations.absolute(given) == meant
    assert locations.absolute(meant) == meant


@pytest.mark.parametrize("url", ["s3://", "s3:///", "gs://"])
def test_the_url_of_a_store_names_a_bucket(url: str) -> None:
    with pytest.raises(RequestError, match=r"names no bucket; write .*://bucket/folder"):
        locations.absolute(url)


def test_what_is_said_of_a_place_is_one_line() -> None:
    error = locations.storage_error("read", "/a\n\x1b[31mb", OSError("no"))
    assert str(error) == "cannot read /a\\n\\x1b[31mb: no"
