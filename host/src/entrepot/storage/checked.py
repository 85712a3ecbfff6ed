"""Checks, timing and retries that apply to the calls of all drivers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from functools import lru_cache
from time import perf_counter
from typing import ParamSpec, TypeVar

from entrepot.storage.counted import CountedBody, CountedReader
from entrepot.storage.observe import Observer, stamped
from entrepot.storage.retry import RetryPolicy
from entrepot_contract import (
    CONTRACT_VERSION,
    MAX_PUT_SIZE,
    Capabilities,
    Chunks,
    DriverOptions,
    Health,
    IntegrityError,
    InvalidKey,
    ObjectInfo,
    Prefix,
    RangeError,
    SignedMethod,
    StorageDriver,
    StorageError,
    Unsupported,
    UploadState,
    WriteMode,
    is_key,
    is_prefix,
)

__all__ = ["CheckedDriver"]

P = ParamSpec("P")
T = TypeVar("T")

_is_key = lru_cache(maxsize=4096)(is_key)
"""Cached, because the same few links and blobs are requested repeatedly."""


def _unobserved(operation: str, seconds: float, error: StorageError | None) -> None:
    pass


class CheckedDriver(StorageDriver):
    """A driver whose calls are checked, timed, and retried if that can help.

    - A key or prefix that does not match the grammar raises InvalidKey before the driver is called.
    - A capability that the driver does not have raises Unsupported before the driver is called.
    - A body, object or reader with an unexpected number of bytes raises IntegrityError.
    - Every error has driver, operation and key; any exception other than StorageError is converted to one that names
      ``package``, the package of the driver.
    - A call that failed with a retryable error is retried if it can be replayed: not a move, a commit or a CREATE,
      which may have succeeded despite the error, and not an append, whose body has been consumed.
    """

    name = ""
    contract = CONTRACT_VERSION
    Options = DriverOptions

    def __init__(
        self,
        driver: StorageDriver,
        *,
        package: str = "",
        observe: Observer = _unobserved,
        retry: RetryPolicy | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.wrapped = driver
        self.name = self._name = driver.name  # type: ignore[misc]  # this class takes the name of the wrapped driver
        self._package = package
        self._capabilities = self._read_capabilities(driver)
        self._observe = observe
        self._retry = RetryPolicy() if retry is None else retry
        self._sleep = sleep

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        self._check_key("put", key)
        create = mode is WriteMode.CREATE
        if create and not self._capabilities.create:
            raise self._unsupported("put", key, "cannot create objects atomically")
        largest = min(MAX_PUT_SIZE, self._capabilities.max_object_size or MAX_PUT_SIZE)
        if len(data) > largest:
            raise self._unsupported("put", key, f"accepts at most {largest} bytes, not {len(data)}; use an upload")
        info = self._call(not create, "put", key, self.wrapped.put, key, data, mode=mode, durable=durable)
        self._check_size("put", key, info.size, len(data))
        return info

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> CountedReader:
        self._check_key("read", key)
        if offset < 0 or (length is not None and length < 0):
            raise RangeError("offset and length must not be negative", driver=self._name, operation="read", key=key)
        reader = self._call(True, "read", key, self.wrapped.read, key, offset=offset, length=length)
        left = reader.info.size - offset
        return CountedReader(
            reader, left if length is None else min(left, length), self._name, self._observe, self._package
        )

    def stat(self, key: str) -> ObjectInfo:
        self._check_key("stat", key)
        return self._call(True, "stat", key, self.wrapped.stat, key)

    def list_objects(
        self, prefix: str = "", *, start_after: str = "", shallow: bool = False
    ) -> Iterator[ObjectInfo | Prefix]:
        if not is_prefix(prefix):
            raise self._invalid("list_objects", f"{prefix!r} is not a prefix: it must be empty or a key and a slash")
        # The first page is fetched here, where the call can be retried; further pages are fetched as needed.
        first, rest = self._call(True, "list_objects", prefix, self._open_listing, prefix, start_after, shallow)
        return iter(()) if first is None else self._listing(prefix, first, rest)

    def move(self, source: str, target: str) -> ObjectInfo:
        self._check_key("move", source)
        self._check_key("move", target)
        if source == target:
            raise InvalidKey("cannot be moved onto itself", driver=self._name, operation="move", key=source)
        return self._call(False, "move", source, self.wrapped.move, source, target)

    def delete(self, keys: Iterable[str]) -> None:
        doomed = list(keys)
        for key in doomed:
            self._check_key("delete", key)
        self._call(True, "delete", None, self.wrapped.delete, doomed)

    def delete_unchanged(self, info: ObjectInfo) -> bool:
        self._check_key("delete_unchanged", info.key)
        if not self._capabilities.conditional_delete:
            raise self._unsupported("delete_unchanged", info.key, "cannot compare an object before it deletes it")
        # Not repeated: after a lost response, the object that was deleted would be reported as changed.
        return self._call(False, "delete_unchanged", info.key, self.wrapped.delete_unchanged, info)

    def upload_start(self, key: str) -> UploadState:
        self._check_key("upload_start", key)
        return self._call(True, "upload_start", key, self.wrapped.upload_start, key)

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        body = CountedBody(data)
        start = perf_counter()
        try:
            after = self.wrapped.upload_append(state, body)
        except Exception as error:
            failure = None if error is body.error else self._stamped(error, "upload_append", state.key)
            self._observe("upload_append", perf_counter() - start, failure)
            if failure is None or failure is error:
                raise
            raise failure from None
        self._observe("upload_append", perf_counter() - start, None)
        self._check_size("upload_append", state.key, after.size, state.size + body.size)
        return after

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        key = state.key if target is None else target
        self._check_key("upload_commit", key)
        info = self._call(False, "upload_commit", key, self.wrapped.upload_commit, state, target=key)
        self._check_size("upload_commit", key, info.size, state.size)
        return info

    def upload_abort(self, state: UploadState) -> None:
        self._call(True, "upload_abort", state.key, self.wrapped.upload_abort, state)

    def sign_url(self, key: str, method: SignedMethod, expires: timedelta) -> str:
        self._check_key("sign_url", key)
        if method not in self._capabilities.signed_urls:
            raise self._unsupported("sign_url", key, f"cannot sign URLs for {method}")
        return self._call(True, "sign_url", key, self.wrapped.sign_url, key, method, expires)

    def health(self) -> Health:
        start = perf_counter()
        try:
            return self._call(False, "health", None, self.wrapped.health)
        except StorageError as error:
            return Health(False, timedelta(seconds=perf_counter() - start), error.message)

    def close(self) -> None:
        self._call(False, "close", None, self.wrapped.close)

    def _call(
        self,
        replayable: bool,
        operation: str,
        key: str | None,
        call: Callable[P, T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        start = perf_counter()
        attempt = 1
        while True:
            try:
                result = call(*args, **kwargs)
            except Exception as error:
                failure = self._stamped(error, operation, key)
                elapsed = perf_counter() - start
                pause = self._retry.pause(failure, attempt=attempt, elapsed=elapsed, replayable=replayable)
                if pause is None:
                    self._observe(operation, elapsed, failure)
                    if failure is error:
                        raise
                    raise failure from None
            else:
                self._observe(operation, perf_counter() - start, None)
                return result
            self._sleep(pause)
            attempt += 1

    def _read_capabilities(self, driver: StorageDriver) -> Capabilities:
        try:
            capabilities: object = driver.capabilities
        except Exception as error:
            failure = self._stamped(error, "capabilities", None)
            if failure is error:
                raise
            raise failure from None
        if not isinstance(capabilities, Capabilities):
            kind = type(capabilities).__qualname__
            message = f"are a {kind}, which is a bug in {self._package or 'the driver'}; report it to its author"
            raise StorageError(message, driver=self._name, operation="capabilities")
        return capabilities

    def _open_listing(
        self, prefix: str, start_after: str, shallow: bool
    ) -> tuple[ObjectInfo | Prefix | None, Iterator[ObjectInfo | Prefix]]:
        rest = self.wrapped.list_objects(prefix, start_after=start_after, shallow=shallow)
        return next(rest, None), rest

    def _listing(
        self, prefix: str, first: ObjectInfo | Prefix, rest: Iterator[ObjectInfo | Prefix]
    ) -> Iterator[ObjectInfo | Prefix]:
        yield first
        start = perf_counter()
        try:
            yield from rest
        except Exception as error:
            failure = self._stamped(error, "list_objects", prefix or None)
            self._observe("list_objects", perf_counter() - start, failure)
            if failure is error:
                raise
            raise failure from None

    def _check_key(self, operation: str, key: str) -> None:
        if not _is_key(key):
            raise self._invalid(operation, f"{key[:200]!r} is not a key: see the grammar in entrepot_contract.keys")

    def _check_size(self, operation: str, key: str, size: int, expected: int) -> None:
        if size != expected:
            message = f"the driver reported {size} bytes instead of {expected}; the object cannot be trusted"
            raise IntegrityError(message, driver=self._name, operation=operation, key=key)

    def _invalid(self, operation: str, message: str) -> InvalidKey:
        return InvalidKey(message, driver=self._name, operation=operation)

    def _unsupported(self, operation: str, key: str, message: str) -> Unsupported:
        return Unsupported(f"this driver {message}", driver=self._name, operation=operation, key=key)

    def _stamped(self, error: Exception, operation: str, key: str | None) -> StorageError:
        return stamped(error, driver=self._name, operation=operation, key=key, package=self._package)
