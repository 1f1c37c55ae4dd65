"""The error tree: what each level means to the user, and that errors cross processes."""

from __future__ import annotations

import inspect
import pickle

import pytest

from schemas import errors
from schemas.errors import (
    AccessError,
    ClusterError,
    DocumentError,
    EnvironmentFault,
    IntegrityError,
    LeaseError,
    ModelError,
    NoEngineError,
    PageFoundryError,
    RecipeError,
    RequestError,
    ShardError,
    StorageError,
)

CLASSES = [value for _, value in inspect.getmembers(errors, inspect.isclass)]
CODES = {
    1: [PageFoundryError, ShardError, IntegrityError],
    2: [RequestError, RecipeError, AccessError, NoEngineError],
    3: [EnvironmentFault, StorageError, LeaseError, ClusterError, ModelError],
}


@pytest.mark.parametrize("cls", CLASSES)
def test_every_error_is_in_the_tree_that_the_module_draws(cls: type[Exception]) -> None:
    assert issubclass(cls, PageFoundryError)
    assert cls.__name__ in (errors.__doc__ or "")


@pytest.mark.parametrize("cls", CLASSES)
def test_errors_survive_pickling(cls: type[Exception]) -> None:
    made = cls("corrupt", "no header") if cls is DocumentError else cls("what, where, remedy")
    copy = pickle.loads(pickle.dumps(made))
    assert type(copy) is cls
    assert str(copy) == str(made)


def test_a_document_error_keeps_its_reason_through_pickling() -> None:
    copy = pickle.loads(pickle.dumps(DocumentError("encrypted", "needs a password")))
    assert (copy.reason, copy.detail) == ("encrypted", "needs a password")
    assert str(copy) == "encrypted: needs a password"


def test_faults_of_the_surroundings_are_not_faults_of_pages_or_requests() -> None:
    for cls in (StorageError, ModelError):
        assert issubclass(cls, EnvironmentFault)
        assert not issubclass(cls, (ShardError, RequestError))
    assert issubclass(RecipeError, RequestError)


@pytest.mark.parametrize(
    ("code", "cls"), [(code, cls) for code, classes in CODES.items() for cls in classes]
)
def test_what_may_pass_has_a_code_of_its_own(code: int, cls: type[PageFoundryError]) -> None:
    assert cls("what, where, remedy").exit_code == code
