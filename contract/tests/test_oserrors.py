"""Translation of operating system errors into errors of the contract."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from typing import ClassVar

import pytest

from entrepot_contract import (
    ConfigError,
    DeleteFailed,
    Denied,
    InvalidKey,
    NoSpace,
    NotFound,
    StorageError,
    Unavailable,
    Unsupported,
    UploadUnknown,
)
from entrepot_contract.toolkit.oserrors import LOOKED_FOR, Reporting, kind_of, words_of


class OfTest(Reporting):
    __slots__ = ()
    driver: ClassVar[str] = "test"


class OfAll(OfTest):
    __slots__ = ()
    caught = Exception
    missing = LOOKED_FOR
    refused = frozenset({"RefusedError"})
    advice = "; check it"


class RefusedError(Exception):
    """An exception of a package that need not be installed."""


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (OSError(errno.ENOSPC, "x"), NoSpace, os.strerror(errno.ENOSPC)),
        (OSError(errno.EDQUOT, "x"), NoSpace, os.strerror(errno.EDQUOT)),
        (OSError(errno.EROFS, "x"), Denied, os.strerror(errno.EROFS)),
        (PermissionError("s3cret"), Denied, os.strerror(errno.EACCES)),
        (OSError(errno.ENAMETOOLONG, "x"), InvalidKey, os.strerror(errno.ENAMETOOLONG)),
        (IsADirectoryError("s3cret"), InvalidKey, os.strerror(errno.EISDIR)),
        (FileExistsError(), InvalidKey, os.strerror(errno.EEXIST)),
        (OSError(errno.EXDEV, "x"), Unsupported, os.strerror(errno.EXDEV)),
        (OSError(errno.EOPNOTSUPP, "x"), Unsupported, os.strerror(errno.EOPNOTSUPP)),
        (OSError(errno.EIO, "x"), Unavailable, os.strerror(errno.EIO)),
        (OSError("s3cret"), Unavailable, None),
        (TimeoutError(), Unavailable, None),
        (ValueError("s3cret"), Unavailable, None),
        (NotImplementedError("s3cret"), Unsupported, None),
    ],
)
def test_an_error_is_mapped_by_number_or_class(error: Exception, kind: type[StorageError], words: str | None) -> None:
    assert (kind_of(error), words_of(error)) == (kind, words)


@pytest.mark.parametrize(
    "error", [FileNotFoundError(errno.ENOENT, "x"), OSError(errno.ESTALE, "x"), FileNotFoundError()]
)
def test_a_missing_file_is_not_treated_as_a_missing_object(error: OSError) -> None:
    assert kind_of(error) is Unavailable
    with pytest.raises(Unavailable) as caught, OfTest("stat", "k"):
        raise error
    assert not isinstance(caught.value, NotFound)


def test_a_translated_error_keeps_its_cause_and_hides_its_text() -> None:
    cause = PermissionError("s3cret")
    with pytest.raises(Denied, match="the filesystem failed: Permission denied") as caught, OfTest("put", "a/k"):
        raise cause
    assert (caught.value.driver, caught.value.operation, caught.value.key) == ("test", "put", "a/k")
    assert caught.value.__cause__ is cause
    assert "s3cret" not in str(caught.value)


def test_errors_of_the_contract_and_other_exceptions_pass() -> None:
    report = OfTest("stat", "k")
    missing = report.failure(NotFound, "no such object")
    for error in (missing, ValueError("not the system's"), KeyboardInterrupt()):
        with pytest.raises(type(error)) as caught, report:
            raise error
        assert caught.value is error
    with pytest.raises(Unavailable, match="ValueError"), OfAll("stat"):
        raise ValueError("s3cret")


@pytest.mark.parametrize(
    ("operation", "error", "kind"),
    [
        ("stat", FileNotFoundError(), NotFound),
        ("upload_commit", FileNotFoundError(), UploadUnknown),
        ("put", FileNotFoundError(), Unavailable),
        ("stat", RefusedError("s3cret"), Denied),
        ("configure", TypeError("s3cret"), ConfigError),
        ("configure", FileNotFoundError("s3cret"), ConfigError),
        ("stat", TypeError("s3cret"), Unavailable),
    ],
)
def test_the_operation_determines_the_error(operation: str, error: Exception, kind: type[StorageError]) -> None:
    with pytest.raises(kind) as caught, OfAll(operation, "k"):
        raise error
    assert "s3cret" not in str(caught.value)


def test_exceptions_of_foreign_data_pass() -> None:
    def data() -> Iterator[bytes]:
        yield b"some"
        raise OSError(errno.EIO, "of the client")

    report = OfAll("put", "k")
    with pytest.raises(OSError, match="of the client") as caught, report:
        list(report.passing(data()))
    assert not isinstance(caught.value, StorageError)
    with pytest.raises(Unavailable), report:
        raise OSError(errno.EIO, "of the filesystem")


def test_all_keys_are_tried_and_failed_ones_are_named() -> None:
    tried = []

    def delete(key: str) -> None:
        tried.append(key)
        if key == "b":
            raise PermissionError

    OfTest.delete(["a"], delete)
    with pytest.raises(DeleteFailed, match=r"1 keys could not be deleted: .*Permission denied") as caught:
        OfTest.delete(iter("abc"), delete)
    assert tried == ["a", "a", "b", "c"]
    assert {key: (type(error), error.key) for key, error in caught.value.failed.items()} == {"b": (Denied, "b")}


def test_health_returns_in_time() -> None:
    assert OfTest("health").health(lambda: None).ok
    wrong = OfTest("health").health(lambda: os.stat("/no/such/file"))
    assert (wrong.ok, wrong.detail) == (False, "the filesystem failed: No such file or directory")
    answer = threading.Event()
    late = OfTest("health").health(answer.wait, seconds=0.05)
    answer.set()
    assert (late.ok, late.detail) == (False, "the filesystem did not respond in time")
    assert 0.05 <= late.latency.total_seconds() < 10
