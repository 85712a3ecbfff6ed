"""A driver that fails on demand."""

from __future__ import annotations

from collections.abc import Iterator

from host.tests.storage.counting import CountingDriver

from entrepot_contract import Capabilities, Chunks, ObjectInfo, Reader, UploadState, WriteMode
from entrepot_contract.toolkit.reading import ClosedOnExit
from entrepot_storage_memory import MemoryDriver, MemoryOptions

__all__ = ["FailingDriver", "Miscounting"]


class FailingDriver(CountingDriver):
    """Stores objects in memory; its next calls raise ``failures``, one each."""

    name = "failing"

    def __init__(self, *failures: Exception, claims: Capabilities | None = None) -> None:
        super().__init__(MemoryDriver(MemoryOptions()))
        self.failures = list(failures)
        self._claims = claims

    @property
    def capabilities(self) -> Capabilities:
        return self._claims or super().capabilities

    def _count(self, operation: str) -> None:
        super()._count(operation)
        if self.failures:
            raise self.failures.pop(0)


class Miscounting(CountingDriver):
    """Reports ``more`` bytes than it stores; its readers return as many fewer, or raise ``broken`` at their end."""

    def __init__(self, more: int = 0, broken: Exception | None = None) -> None:
        super().__init__(MemoryDriver(MemoryOptions()))
        self._more = more
        self._broken = broken

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        return self._reported(super().put(key, data, mode=mode, durable=durable))

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        reader = super().read(key, offset=offset, length=length)
        return MiscountedReader(self._reported(reader.info), b"".join(reader), self._broken)

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        after = super().upload_append(state, data)
        return UploadState(after.key, after.size + self._more, after.token)

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        return self._reported(super().upload_commit(state, target=target))

    def _reported(self, info: ObjectInfo) -> ObjectInfo:
        return ObjectInfo(info.key, info.size + self._more, info.modified, info.etag)


class MiscountedReader(ClosedOnExit):
    def __init__(self, info: ObjectInfo, data: bytes, broken: Exception | None) -> None:
        self.info = info
        self._data, self._broken = data, broken

    def __iter__(self) -> Iterator[bytes]:
        yield self._data
        if self._broken is not None:
            raise self._broken

    def close(self) -> None:
        """Nothing to close."""
