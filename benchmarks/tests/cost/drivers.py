"""Drivers that a test installs: one that uses ``http.client``, and two that fail or are slow."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from http.client import HTTPConnection

from entrepot_contract import Chunks, DriverOptions, ObjectInfo, Reader, StorageError, UploadState, WriteMode
from entrepot_storage_fs import FilesystemDriver, FilesystemOptions

__all__ = ["FailingDriver", "SlowDriver", "WiredDriver"]

PIECES = [b"GET /not-a-request HTTP/1.1\r\nHost: nowhere\r\n\r\n", b"HEAD / HTTP/1.1\r\n\r\n", b"x" * 1000]
"""A body whose pieces look like requests."""


class WiredOptions(FilesystemOptions):
    """Options with the port of a server on 127.0.0.1."""

    port: int = 0


class WiredDriver(FilesystemDriver):
    """Sends a request for every put and read, the body of a put in several pieces, on one connection per thread."""

    name = "wired"
    Options = WiredOptions

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        assert isinstance(options, WiredOptions)
        self._port = options.port
        self._thread = threading.local()
        self._connections: list[HTTPConnection] = []

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        connection = self._connection()
        connection.putrequest("PUT", f"/{key}")
        connection.putheader("Content-Length", str(sum(map(len, PIECES))))
        connection.endheaders()
        for piece in PIECES:
            connection.send(piece)
        connection.getresponse().read()
        return super().put(key, data, mode=mode, durable=durable)

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        connection = self._connection()
        connection.request("GET", f"/{key}")
        connection.getresponse().read()
        return super().read(key, offset=offset, length=length)

    def close(self) -> None:
        for connection in self._connections:
            connection.close()
        super().close()

    def _connection(self) -> HTTPConnection:
        """The connection of this thread: the host calls a driver from several."""
        connection: HTTPConnection | None = getattr(self._thread, "connection", None)
        if connection is None:
            connection = self._thread.connection = HTTPConnection("127.0.0.1", self._port, timeout=10)
            self._connections.append(connection)
        return connection


class FailingOptions(FilesystemOptions):
    """The verb that fails, and the first failing call."""

    verb: str = ""
    call: int = 1
    password: str = ""


class FailingDriver(FilesystemDriver):
    """Fails permanently from a given call of a verb on; for put, only that call fails, after writing."""

    name = "failing"
    Options = FailingOptions

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        assert isinstance(options, FailingOptions)
        self._options = options
        self._calls = 0

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        info = super().put(key, data, mode=mode, durable=durable)
        self._called("put")
        return info

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        after = super().upload_append(state, data)
        self._called("upload_append")
        return after

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        self._called("upload_commit")
        return super().upload_commit(state, target=target)

    def delete(self, keys: Iterable[str]) -> None:
        self._called("delete")
        super().delete(keys)

    def _called(self, verb: str) -> None:
        if verb == self._options.verb:
            self._calls += 1
            if self._calls == self._options.call and verb == "put":
                raise ValueError(f"a bug that leaks {self._options.password}")
            if self._calls >= self._options.call:
                raise StorageError("the quota is used up", driver=self.name, operation=verb)


class SlowOptions(FilesystemOptions):
    """Options with a secret, which must not leak."""

    password: str = ""


class SlowDriver(FilesystemDriver):
    """Has slow puts."""

    name = "slow"
    Options = SlowOptions

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        time.sleep(0.05)
        return super().put(key, data, mode=mode, durable=durable)
