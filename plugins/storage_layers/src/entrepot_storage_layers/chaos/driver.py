"""The chaos driver."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import TypeVar

from entrepot_contract import (
    Chunks,
    DriverOptions,
    Health,
    ObjectInfo,
    Prefix,
    Reader,
    SignedMethod,
    StorageError,
    UploadState,
    WriteMode,
)
from entrepot_contract.toolkit.forwarding import ForwardingDriver
from entrepot_contract.toolkit.nesting import open_inner
from entrepot_contract.toolkit.stamping import Body, Stamped, StampedReader, stamped_append, stamped_listing
from entrepot_storage_layers.chaos.faults import Faults, cut_body, cut_items, spoilt
from entrepot_storage_layers.chaos.options import ChaosOptions, Fault, Verb

__all__ = ["ChaosDriver"]

Answer = TypeVar("Answer")


class ChaosDriver(ForwardingDriver):
    """Injects faults into any other driver; without faults, it behaves like that driver."""

    name = "chaos"
    Options = ChaosOptions

    def __init__(self, options: DriverOptions) -> None:
        if not isinstance(options, ChaosOptions):
            raise TypeError(f"ChaosDriver takes ChaosOptions, not {type(options).__name__}")
        super().__init__(open_inner(self.name, "inner", options.inner))
        self._faults = Faults(options.seed, options.faults)

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        with self._call("put", key) as call:
            return call.worked(self.inner.put(key, data, mode=mode, durable=durable))

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        stamp = Stamped(self.name, "read", key)
        with stamp:
            fault = self._faults.begin("read", stamp)
            reader = self.inner.read(key, offset=offset, length=length)
            try:
                self._faults.end(fault, stamp)
            except StorageError:
                reader.close()
                raise
        return _SpoiltReader(reader, fault, stamp)

    def stat(self, key: str) -> ObjectInfo:
        with self._call("stat", key) as call:
            return call.worked(self.inner.stat(key))

    def list_objects(
        self, prefix: str = "", *, start_after: str = "", shallow: bool = False
    ) -> Iterator[ObjectInfo | Prefix]:
        stamp = Stamped(self.name, "list_objects", prefix or None)
        with stamp:
            fault = self._faults.begin("list_objects", stamp)
            items = self.inner.list_objects(prefix, start_after=start_after, shallow=shallow)
            self._faults.end(fault, stamp)
        return cut_items(stamped_listing(items, stamp), fault, stamp)

    def move(self, source: str, target: str) -> ObjectInfo:
        with self._call("move", source) as call:
            return call.worked(self.inner.move(source, target))

    def delete(self, keys: Iterable[str]) -> None:
        with self._call("delete") as call:
            call.worked(self.inner.delete(keys))

    def delete_unchanged(self, info: ObjectInfo) -> bool:
        with self._call("delete_unchanged", info.key) as call:
            return call.worked(self.inner.delete_unchanged(info))

    def upload_start(self, key: str) -> UploadState:
        with self._call("upload_start", key) as call:
            return call.worked(self.inner.upload_start(key))

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        call, body = self._call("upload_append", state.key), Body(data)
        with stamped_append(body, call):
            after = self.inner.upload_append(state, cut_body(body, call.fault, call))
        return call.worked(after)

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        with self._call("upload_commit", state.key if target is None else target) as call:
            return call.worked(self.inner.upload_commit(state, target=target))

    def upload_abort(self, state: UploadState) -> None:
        with self._call("upload_abort", state.key) as call:
            call.worked(self.inner.upload_abort(state))

    def sign_url(self, key: str, method: SignedMethod, expires: timedelta) -> str:
        with self._call("sign_url", key) as call:
            return call.worked(self.inner.sign_url(key, method, expires))

    def health(self) -> Health:
        stamp = Stamped(self.name, "health")
        try:
            fault = self._faults.begin("health", stamp)
            found = self.inner.health()
            self._faults.end(fault, stamp)
        except StorageError as error:
            return Health(ok=False, latency=timedelta(0), detail=error.message)
        return found

    def _call(self, verb: Verb, key: str | None = None) -> _Call:
        return _Call(self._faults, self.name, verb, key)


class _Call(Stamped):
    """One call, and its fault."""

    def __init__(self, faults: Faults, driver: str, verb: Verb, key: str | None) -> None:
        super().__init__(driver, verb, key)
        self.fault = faults.begin(verb, self)

    def worked(self, answer: Answer) -> Answer:
        """Return the inner driver's result, unless the fault is to be raised after the call."""
        Faults.end(self.fault, self)
        return answer


class _SpoiltReader(StampedReader):
    def __init__(self, reader: Reader, fault: Fault, stamp: Stamped) -> None:
        super().__init__(reader, stamp)
        self._fault = fault

    def __iter__(self) -> Iterator[bytes]:
        return spoilt(super().__iter__(), self._fault, self._stamp)
