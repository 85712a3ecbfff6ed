"""What the operating system's errors mean in the contract."""

from __future__ import annotations

import errno
import os
from typing import ClassVar

import pytest

from entrepot_contract import Denied, InvalidKey, NoSpace, NotFound, StorageError, Unavailable
from entrepot_contract.oserrors import Reporting, kind_of, words_of


class OfTest(Reporting):
    __slots__ = ()
    driver: ClassVar[str] = "test"


class OfAll(OfTest):
    __slots__ = ()
    caught = Exception


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
        (OSError(errno.EIO, "x"), Unavailable, os.strerror(errno.EIO)),
        (OSError("s3cret"), Unavailable, None),
        (TimeoutError(), Unavailable, None),
        (ValueError("s3cret"), Unavailable, None),
    ],
)
def test_a_number_or_a_class_says_what_is_meant(error: Exception, kind: type[StorageError], words: str | None) -> None:
    assert (kind_of(error), words_of(error)) == (kind, words)


@pytest.mark.parametrize(
    "error", [FileNotFoundError(errno.ENOENT, "x"), OSError(errno.ESTALE, "x"), FileNotFoundError()]
)
def test_what_is_missing_is_never_taken_for_a_missing_object(error: OSError) -> None:
    assert kind_of(error) is Unavailable
    with pytest.raises(Unavailable) as caught, OfTest("stat", "k"):
        raise error
    assert not isinstance(caught.value, NotFound)


def test_an_error_is_stamped_and_keeps_its_cause_and_shows_nothing_of_its_text() -> None:
    cause = PermissionError("s3cret")
    with pytest.raises(Denied, match="the filesystem failed: Permission denied") as caught, OfTest("put", "a/k"):
        raise cause
    assert (caught.value.driver, caught.value.operation, caught.value.key) == ("test", "put", "a/k")
    assert caught.value.__cause__ is cause
    assert "s3cret" not in str(caught.value)


def test_what_is_the_contracts_or_not_caught_passes() -> None:
    report = OfTest("stat", "k")
    missing = report.failure(NotFound, "no such object")
    for error in (missing, ValueError("not the system's"), KeyboardInterrupt()):
        with pytest.raises(type(error)) as caught, report:
            raise error
        assert caught.value is error
    with pytest.raises(Unavailable, match="ValueError"), OfAll("stat"):
        raise ValueError("s3cret")
