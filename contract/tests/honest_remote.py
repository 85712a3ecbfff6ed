"""A small, correct driver of a networked backend, and the server that it speaks to: a base class of broken ones."""

from __future__ import annotations

import json
import socket
import socketserver
import struct
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta
from io import BufferedIOBase
from itertools import islice
from typing import Any, BinaryIO, ClassVar, Self, TypeVar

from contract.tests.honest import HonestDriver, config
from pydantic import SecretStr

import entrepot_contract
from entrepot_contract import (
    Capabilities,
    Chunks,
    DriverOptions,
    Health,
    IntegrityError,
    ObjectInfo,
    Prefix,
    Reader,
    SignedMethod,
    StorageDriver,
    StorageError,
    Unavailable,
    Unsupported,
    UploadState,
    WriteMode,
)
from entrepot_contract.toolkit.reading import ClosedOnExit
from entrepot_contract.toolkit.timeouts import health_within

PAGE = 200
CHUNK = 2**18
PASSWORD = "hunter2-of-the-remote-kit"  # noqa: S105 - of a server that exists only here
Answer = dict[str, Any]
Kind = TypeVar("Kind", bound=StorageError)


class RemoteOptions(DriverOptions):
    """The address of the server, the password, and the timeout in seconds."""

    host: str
    port: int
    password: SecretStr
    timeout: float = 2.0


def send(stream: BinaryIO | BufferedIOBase, answer: Mapping[str, object]) -> None:
    """Write one line of JSON."""
    stream.write(json.dumps(answer).encode() + b"\n")
    stream.flush()


def described(item: ObjectInfo | Prefix) -> Answer:
    """Return an item of a listing as JSON."""
    if isinstance(item, Prefix):
        return {"prefix": item.key}
    return {"key": item.key, "size": item.size, "modified": item.modified.isoformat(), "etag": item.etag}


def as_info(answer: Answer) -> ObjectInfo:
    """Return an object from JSON."""
    return ObjectInfo(answer["key"], answer["size"], datetime.fromisoformat(answer["modified"]), answer["etag"])


class RemoteServer:
    """Serves an HonestDriver: one request per connection."""

    def __init__(self, path: object, password: str = PASSWORD) -> None:
        self.driver = HonestDriver.from_config(config(path))
        self.password = password
        self.server = _Server(("127.0.0.1", 0), _Handler)
        self.server.owner = self
        self.endpoint: tuple[str, int] = self.server.server_address[:2]  # type: ignore[assignment]  # of this family
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)

    def options(self, **changed: object) -> dict[str, object]:
        """Return the driver's options."""
        host, port = self.endpoint
        return {"host": host, "port": port, "password": self.password, **changed}

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    owner: RemoteServer

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of connections that broke."""


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        line = self.rfile.readline()
        if not line.endswith(b"\n"):
            return
        order: Answer = json.loads(line)
        if order.pop("password") != self.server.owner.password:
            self.refuse("Denied", "wrong password")
            return
        verb = order.pop("verb")
        try:
            answer = getattr(self, f"do_{verb}")(self.server.owner.driver, **order)
        except StorageError as error:
            self.refuse(type(error).__name__, error.message)
            return
        if answer is not None:
            send(self.wfile, answer)

    def refuse(self, error: str, message: str) -> None:
        """Answer with an error, and read what is left of the body: otherwise the connection would be reset."""
        send(self.wfile, {"error": error, "message": message})
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            while self.connection.recv(2**16):
                pass

    def do_put(self, driver: HonestDriver, key: str, size: int, create: bool) -> Answer | None:
        data = self.rfile.read(size)
        if len(data) < size:
            return None
        return described(driver.put(key, data, mode=WriteMode.CREATE if create else WriteMode.OVERWRITE))

    def do_read(self, driver: HonestDriver, key: str, offset: int, length: int | None) -> None:
        with driver.read(key, offset=offset, length=length) as reader:
            rest = reader.info.size - offset
            send(self.wfile, {**described(reader.info), "length": rest if length is None else min(rest, length)})
            for chunk in reader:
                self.wfile.write(chunk)

    def do_stat(self, driver: HonestDriver, key: str) -> Answer:
        return described(driver.stat(key))

    def do_list(self, driver: HonestDriver, prefix: str, after: str, shallow: bool) -> Answer:
        found = driver.list_objects(prefix, start_after=after, shallow=shallow)
        return {"items": [described(item) for item in islice(found, PAGE)]}

    def do_move(self, driver: HonestDriver, source: str, target: str) -> Answer:
        return described(driver.move(source, target))

    def do_delete(self, driver: HonestDriver, keys: list[str]) -> Answer:
        driver.delete(keys)
        return {}

    def do_delete_unchanged(self, driver: HonestDriver, item: Answer) -> Answer:
        return {"deleted": driver.delete_unchanged(as_info(item))}

    def do_start(self, driver: HonestDriver, key: str) -> Answer:
        return {"token": driver.upload_start(key).token}

    def do_append(self, driver: HonestDriver, state: list[Any]) -> Answer | None:
        before = UploadState(*state)
        with closing(driver.connect()) as link:
            driver.find(link, before, "upload_append")
        parts = []
        while size := int.from_bytes(self.rfile.read(4) or b"\xff" * 4):
            parts.append(self.rfile.read(size) if size < 2**31 else b"")
            if len(parts[-1]) < size:
                return None
        after = driver.add(before, b"".join(parts))
        return {"size": after.size, "token": after.token}

    def do_commit(self, driver: HonestDriver, state: list[Any], target: str | None) -> Answer:
        return described(driver.upload_commit(UploadState(*state), target=target))

    def do_abort(self, driver: HonestDriver, state: list[Any]) -> Answer:
        driver.upload_abort(UploadState(*state))
        return {}

    def do_ping(self, driver: HonestDriver) -> Answer:
        return {"health": driver.health().detail}


class RemoteReader(ClosedOnExit):
    """One read, with its connection."""

    def __init__(self, driver: RemoteDriver, link: socket.socket, stream: BinaryIO, answer: Answer) -> None:
        self.driver, self.link, self.stream = driver, link, stream
        self.left: int = answer["length"]
        self.info = as_info(answer)

    def __iter__(self) -> Iterator[bytes]:
        while self.left:
            with self.driver.reporting("read", self.info.key):
                chunk = self.stream.read(min(CHUNK, self.left))
                if not chunk:
                    raise EOFError("the connection was closed")
            self.left -= len(chunk)
            yield chunk

    def close(self) -> None:
        self.stream.close()
        self.link.close()


class RemoteDriver(StorageDriver):
    """Implements the contract correctly, with one connection for each request."""

    name = "remote"
    contract = (1, 1)
    Options: ClassVar[type[DriverOptions]] = RemoteOptions

    def __init__(self, options: DriverOptions) -> None:
        assert isinstance(options, RemoteOptions)
        self.options = options

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            create=True,
            shared=True,
            durable=False,
            move="rename",
            part_size_hint=256 * 2**10,
            conditional_delete=True,
        )

    def fail(self, kind: type[Kind], operation: str, key: str | None, message: str) -> Kind:
        return kind(message, driver=self.name, operation=operation, key=key)

    def meaning(self, operation: str, key: str | None, error: Exception) -> StorageError:
        """Return the error of the contract for one of a connection."""
        return self.fail(Unavailable, operation, key, f"the server failed: {type(error).__name__}")

    @contextmanager
    def reporting(self, operation: str, key: str | None) -> Iterator[None]:
        try:
            yield
        except (OSError, EOFError, ValueError) as error:
            if isinstance(error, StorageError):
                raise
            raise self.meaning(operation, key, error) from error

    def connect(self, timeout: float) -> socket.socket:
        return socket.create_connection((self.options.host, self.options.port), timeout=timeout)

    @contextmanager
    def request(
        self, operation: str, key: str | None, verb: str, timeout: float | None = None, /, **order: object
    ) -> Iterator[tuple[socket.socket, BinaryIO, BinaryIO]]:
        with self.reporting(operation, key), self.connect(timeout or self.options.timeout) as link:
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with link.makefile("rb") as incoming, link.makefile("wb") as outgoing:
                password = self.options.password.get_secret_value()
                send(outgoing, {"verb": verb, "password": password, **order})
                yield link, incoming, outgoing

    def answer(self, operation: str, key: str | None, stream: BinaryIO) -> Answer:
        line = stream.readline()
        if not line.endswith(b"\n"):
            raise EOFError("the connection was closed")
        answer: Answer = json.loads(line)
        if "error" in answer:
            raise self.fail(getattr(entrepot_contract, answer["error"]), operation, key, answer["message"])
        return answer

    def ask(self, operation: str, key: str | None, verb: str, body: bytes = b"", /, **order: object) -> Answer:
        with self.request(operation, key, verb, **order) as (_, incoming, outgoing):
            outgoing.write(body)
            outgoing.flush()
            return self.answer(operation, key, incoming)

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        create = mode is WriteMode.CREATE
        return as_info(self.ask("put", key, "put", bytes(data), key=key, size=len(data), create=create))

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        with self.reporting("read", key):
            link = self.connect(self.options.timeout)
            stream = link.makefile("rb")
            try:
                password = self.options.password.get_secret_value()
                order = {"verb": "read", "password": password, "key": key, "offset": offset, "length": length}
                link.sendall(json.dumps(order).encode() + b"\n")
                return RemoteReader(self, link, stream, self.answer("read", key, stream))
            except BaseException:
                stream.close()
                link.close()
                raise

    def stat(self, key: str) -> ObjectInfo:
        return as_info(self.ask("stat", key, "stat", key=key))

    def page(self, prefix: str, after: str, shallow: bool) -> list[ObjectInfo | Prefix]:
        answer = self.ask("list_objects", prefix, "list", prefix=prefix, after=after, shallow=shallow)
        return [Prefix(each["prefix"]) if "prefix" in each else as_info(each) for each in answer["items"]]

    def list_objects(
        self, prefix: str = "", *, start_after: str = "", shallow: bool = False
    ) -> Iterator[ObjectInfo | Prefix]:
        page = self.page(prefix, start_after, shallow)
        while page:
            yield from page
            page = self.page(prefix, page[-1].key, shallow) if len(page) == PAGE else []

    def move(self, source: str, target: str) -> ObjectInfo:
        return as_info(self.ask("move", source, "move", source=source, target=target))

    def delete(self, keys: Iterable[str]) -> None:
        self.ask("delete", None, "delete", keys=list(keys))

    def delete_unchanged(self, info: ObjectInfo) -> bool:
        return bool(self.ask("delete_unchanged", info.key, "delete_unchanged", item=described(info))["deleted"])

    def upload_start(self, key: str) -> UploadState:
        return UploadState(key, 0, self.ask("upload_start", key, "start", key=key)["token"])

    def as_sent(self, state: UploadState) -> list[object]:
        return [state.key, state.size, state.token]

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        foreign: list[Exception] = []

        def body() -> Iterator[bytes | bytearray | memoryview]:
            try:
                yield from data
            except Exception as error:
                foreign.append(error)
                raise

        order = {"state": self.as_sent(state)}
        try:
            with self.request("upload_append", state.key, "append", **order) as (_, incoming, outgoing):
                for chunk in body():
                    if len(chunk):
                        outgoing.write(struct.pack(">I", len(chunk)) + bytes(chunk))
                outgoing.write(b"\0" * 4)
                outgoing.flush()
                answer = self.answer("upload_append", state.key, incoming)
        except Unavailable:
            if foreign:
                raise foreign[0] from None
            raise
        return UploadState(state.key, answer["size"], answer["token"])

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        info = as_info(self.ask("upload_commit", state.key, "commit", state=self.as_sent(state), target=target))
        if info.size != state.size:
            raise self.fail(IntegrityError, "upload_commit", state.key, "bytes are missing")
        return info

    def upload_abort(self, state: UploadState) -> None:
        self.ask("upload_abort", state.key, "abort", state=self.as_sent(state))

    def sign_url(self, key: str, method: SignedMethod, expires: timedelta) -> str:
        raise self.fail(Unsupported, "sign_url", key, "there are no URLs")

    def ping(self) -> Answer:
        with self.request("health", None, "ping", min(1.0, self.options.timeout)) as (_, incoming, _):
            return self.answer("health", None, incoming)

    def health(self) -> Health:
        return health_within(1.5, self.ping, name="remote-health", well="it answers", late="no answer in time")

    def close(self) -> None:
        return None
