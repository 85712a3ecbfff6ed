"""Base class of drivers that wrap another driver: it forwards every call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import ClassVar

from entrepot_contract.capabilities import Capabilities, SignedMethod
from entrepot_contract.options import DriverOptions
from entrepot_contract.storage import CONTRACT_VERSION, StorageDriver
from entrepot_contract.toolkit.stamping import Body, Stamped, StampedReader, stamped_append, stamped_listing
from entrepot_contract.types import Chunks, Health, ObjectInfo, Prefix, Reader, UploadState, WriteMode

__all__ = ["ForwardingDriver", "for_current_contract"]


class ForwardingDriver(StorageDriver):
    """Passes every call to ``inner``; a wrapper overrides what it does differently.

    Errors of the inner driver are raised as this driver's own: with its name, the called method and the caller's key.
    """

    contract = CONTRACT_VERSION
    Options: ClassVar[type[DriverOptions]] = DriverOptions

    def __init__(self, inner: StorageDriver) -> None:
        self.inner = inner

    @property
    def capabilities(self) -> Capabilities:
        return self.inner.capabilities

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        with Stamped(self.name, "put", key):
            return self.inner.put(key, data, mode=mode, durable=durable)

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        with (stamp := Stamped(self.name, "read", key)):
            return StampedReader(self.inner.read(key, offset=offset, length=length), stamp)

    def stat(self, key: str) -> ObjectInfo:
        with Stamped(self.name, "stat", key):
            return self.inner.stat(key)

    def list_objects(
        self, prefix: str = "", *, start_after: str = "", shallow: bool = False
    ) -> Iterator[ObjectInfo | Prefix]:
        with (stamp := Stamped(self.name, "list_objects", prefix or None)):
            items = self.inner.list_objects(prefix, start_after=start_after, shallow=shallow)
        return stamped_listing(items, stamp)

    def move(self, source: str, target: str) -> ObjectInfo:
        with Stamped(self.name, "move", source):
            return self.inner.move(source, target)

    def delete(self, keys: Iterable[str]) -> None:
        with Stamped(self.name, "delete"):
            self.inner.delete(keys)

    def delete_unchanged(self, info: ObjectInfo) -> bool:
        with Stamped(self.name, "delete_unchanged", info.key):
            return self.inner.delete_unchanged(info)

    def upload_start(self, key: str) -> UploadState:
        with Stamped(self.name, "upload_start", key):
            return self.inner.upload_start(key)

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        body = Body(data)
        with stamped_append(body, Stamped(self.name, "upload_append", state.key)):
            return self.inner.upload_append(state, body)

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        with Stamped(self.name, "upload_commit", state.key if target is None else target):
            return self.inner.upload_commit(state, target=target)

    def upload_abort(self, state: UploadState) -> None:
        with Stamped(self.name, "upload_abort", state.key):
            self.inner.upload_abort(state)

    def sign_url(self, key: str, method: SignedMethod, expires: timedelta) -> str:
        with Stamped(self.name, "sign_url", key):
            return self.inner.sign_url(key, method, expires)

    def health(self) -> Health:
        return self.inner.health()

    def close(self) -> None:
        self.inner.close()


class _OlderDriver(ForwardingDriver):
    """A driver of an older version of the contract, without the arguments that it does not know."""

    def __init__(self, inner: StorageDriver) -> None:
        super().__init__(inner)
        self.name = inner.name  # type: ignore[misc]  # this class takes the name of the inner driver

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        return self.inner.put(key, data, mode=mode)


def for_current_contract(driver: StorageDriver) -> StorageDriver:
    """Return the driver, or a wrapper that makes a driver of contract 1.0 accept the calls of this version.

    Methods that the driver does not know raise Unsupported.
    """
    return driver if driver.contract >= CONTRACT_VERSION else _OlderDriver(driver)
