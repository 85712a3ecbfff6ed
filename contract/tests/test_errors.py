"""The exception hierarchy."""

from __future__ import annotations

import pickle
import re
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from multiprocessing import get_context

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot_contract import errors
from entrepot_contract.errors import AlreadyExists, DeleteFailed, NotFound, StorageError, Throttled, Unavailable

KINDS = [kind for name in errors.__all__ if issubclass(kind := getattr(errors, name), StorageError)]
PLAIN = [kind for kind in KINDS if kind is not DeleteFailed]
texts = st.text(max_size=20)


def raise_it(error: StorageError) -> None:
    raise error


@given(kind=st.sampled_from(PLAIN), message=texts, key=texts | st.none(), retryable=st.booleans() | st.none())
def test_an_error_survives_pickling(
    kind: type[StorageError], message: str, key: str | None, retryable: bool | None
) -> None:
    error = kind(message, driver="d", operation="read", key=key, retryable=retryable)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - pickled by this test
    assert type(again) is kind
    assert (str(again), again.args, vars(again)) == (str(error), error.args, vars(error))


def test_errors_of_another_process_are_unchanged() -> None:
    inner = NotFound("gone", driver="d", operation="delete", key="a/b")
    failed = DeleteFailed("one of two", driver="d", operation="delete", failed={"a/b": inner})
    slow = Throttled("slow down", driver="d", operation="put", key="a", retry_after=timedelta(seconds=3))
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        with pytest.raises(DeleteFailed) as caught:
            pool.submit(raise_it, failed).result()
        assert str(caught.value.failed["a/b"]) == "d: delete a/b: gone"
        with pytest.raises(Throttled) as throttled:
            pool.submit(raise_it, slow).result()
        assert throttled.value.retry_after == timedelta(seconds=3)
        assert throttled.value.retryable


def test_the_text_of_an_error_contains_driver_operation_and_key() -> None:
    assert str(NotFound("no such object", driver="d", operation="read", key="a/b")) == "d: read a/b: no such object"
    assert str(Unavailable("no answer", driver="d", operation="health")) == "d: health: no answer"


@pytest.mark.parametrize("kind", PLAIN)
def test_only_temporary_errors_are_retryable(kind: type[StorageError]) -> None:
    assert kind("m", driver="d", operation="o").retryable is (kind in {Throttled, Unavailable})
    assert kind("m", driver="d", operation="o", retryable=True).retryable


def test_not_found_and_already_exists_are_also_file_errors() -> None:
    assert issubclass(NotFound, FileNotFoundError)
    assert issubclass(AlreadyExists, FileExistsError)
    with pytest.raises(FileNotFoundError):
        raise_it(NotFound("gone", driver="d", operation="read", key="k"))


def test_the_docstring_shows_the_hierarchy() -> None:
    drawn = re.findall(r"[├└]── (\w+)", errors.__doc__ or "")
    assert drawn == [kind.__name__ for kind in vars(errors).values() if kind in KINDS and kind is not StorageError]
    assert all(kind.__mro__[1] is StorageError for kind in KINDS if kind is not StorageError)
