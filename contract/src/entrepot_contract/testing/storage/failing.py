"""Calls of every verb, for tests with a backend that fails, and checks of how they end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from entrepot_contract import (
    Capabilities,
    DeleteFailed,
    ObjectInfo,
    StorageDriver,
    StorageError,
    Unavailable,
    UploadState,
    WriteMode,
)
from entrepot_contract.testing.outcomes import Outcome
from entrepot_contract.testing.storage.content import body, listed, pieces, read_back, store

__all__ = ["DOOMED", "Prepared", "check_unavailable", "errors_of", "prepare", "verbs"]

DOOMED: Final = [f"doomed/{number}" for number in range(5)]
SIZE: Final = 300_000
MORE: Final = 100_000
FAILED: Final = "although the backend failed"


@dataclass(frozen=True)
class Prepared:
    """Objects and uploads, made while the backend worked."""

    read: ObjectInfo
    appended: UploadState
    committed: UploadState
    aborted: UploadState


def prepare(driver: StorageDriver) -> Prepared:
    """Write what the calls of ``verbs`` refer to."""
    info = driver.put("a/k", body(SIZE))
    driver.put("a/moved", body(SIZE, seed=1))
    store(driver, *DOOMED)
    return Prepared(info, *(driver.upload_append(driver.upload_start("a/u"), pieces(body(MORE))) for _ in range(3)))


def verbs(driver: StorageDriver, made: Prepared, claims: Capabilities) -> Mapping[str, Callable[[], object]]:
    """Return a call of each verb that needs the backend, by a name for messages."""
    calls: dict[str, Callable[[], object]] = {
        "put": lambda: driver.put("w/put", b"new"),
        "put of 2 MiB": lambda: driver.put("w/large", body(2 * 2**20)),
        "read": lambda: read_back(driver, "a/k"),
        "read of a range": lambda: read_back(driver, "a/k", offset=10, length=20),
        "read of a missing key": lambda: read_back(driver, "a/missing"),
        "stat": lambda: driver.stat("a/k"),
        "stat of a missing key": lambda: driver.stat("a/missing"),
        "list_objects": lambda: listed(driver),
        "list_objects with shallow": lambda: listed(driver, shallow=True),
        "list_objects of an empty prefix": lambda: listed(driver, "none/"),
        "move": lambda: driver.move("a/moved", "w/moved"),
        "move of a missing key": lambda: driver.move("a/missing", "w/missing"),
        "delete": lambda: driver.delete(iter(DOOMED)),
        "upload_append": lambda: driver.upload_append(made.appended, pieces(body(MORE, seed=2))),
        "upload_commit": lambda: driver.upload_commit(made.committed, target="w/committed"),
        "upload_abort": lambda: driver.upload_abort(made.aborted),
        "an upload from its start": lambda: driver.upload_append(driver.upload_start("w/u"), [b"x" * MORE]),
    }
    if claims.create:
        calls["put with CREATE"] = lambda: driver.put("w/created", b"new", mode=WriteMode.CREATE)
    if claims.conditional_delete:
        calls["delete_unchanged"] = lambda: driver.delete_unchanged(made.read)
    return calls


def check_unavailable(each: Outcome, driver: StorageDriver, limit: float, *, denied: bool = False) -> None:
    """Check that a call raised Unavailable or, with ``denied``, Denied, within ``limit`` seconds."""
    assert each.ended, f"{each}\nthe suite's failure_timeout is {limit:g} s"
    assert each.error is not None, f"{each}, {FAILED}"
    if isinstance(each.error, DeleteFailed) and each.name == "delete":
        named = set(each.error.failed)
        assert named == set(DOOMED), f"delete reached no backend, and its DeleteFailed names {sorted(named)} only"
        for error in each.error.failed.values():
            _check(each, error, driver, denied)
    else:
        _check(each, each.error, driver, denied)


def _check(each: Outcome, error: BaseException, driver: StorageDriver, denied: bool) -> None:
    assert isinstance(error, StorageError), f"{each.name} raised {type(error).__name__}, which is not of the contract"
    if denied:
        assert type(error).__name__ == "Denied", f"{each}: the backend refuses the credentials: it must be Denied"
        assert not error.retryable, f"{each.name}: Denied must not be retryable, because it would be denied again"
        return
    assert isinstance(error, Unavailable), f"{each}: {FAILED}, and nothing is known: it must be Unavailable"
    assert error.retryable, f"{each.name} raised an Unavailable that is not retryable"
    assert error.driver == driver.name, f"{each.name} raised an error of the driver {error.driver!r}"
    assert str(error.message).strip(), f"{each.name} raised an error without a message"


def errors_of(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, and those that it names for single keys."""
    yield error
    if isinstance(error, DeleteFailed):
        yield from error.failed.values()
