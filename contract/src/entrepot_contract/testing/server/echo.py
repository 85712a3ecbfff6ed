"""A small application that echoes its requests, to observe a server."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from wsgiref.types import StartResponse, WSGIEnvironment

from entrepot_contract.server import CLIENT_CERTIFICATE, CLOSE_CONNECTION, INPUT_TIMEOUT, ClientCertificate

__all__ = ["Echo"]

_MIB = 2**20


class Echo:
    """Each path is one behaviour; ``closed`` is a folder in which a file is created when the application is closed."""

    def __init__(self, closed: Path) -> None:
        self._closed = closed

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        name = environ["PATH_INFO"].split("/")[1]
        answer = getattr(self, f"_{name}", self._echo)
        result: Iterable[bytes] = answer(environ, start_response)
        return result

    def close(self) -> None:
        """Create a file in the folder ``closed``."""
        self._closed.joinpath(f"{time.monotonic_ns()}").touch()

    def _echo(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        digest, size = hashlib.sha256(), 0
        try:
            while chunk := environ["wsgi.input"].read(_MIB):
                digest.update(chunk)
                size += len(chunk)
        except OSError:
            body = f"broke off after {size}".encode()
            start_response("400 Bad Request", [("Content-Length", str(len(body)))])
            return [body]
        seen = {name: value for name, value in environ.items() if name.isupper() and isinstance(value, str)}
        body = json.dumps({"environ": seen, "size": size, "sha256": digest.hexdigest()}).encode()
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    def _whose(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        found = environ.get(CLIENT_CERTIFICATE)
        body = json.dumps(dataclasses.asdict(found) if isinstance(found, ClientCertificate) else found).encode()
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    def _sized(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Length", "1000")])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"x" * 1000]

    def _nothing(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("204 No Content", [])
        return []

    def _unchanged(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("304 Not Modified", [("ETag", '"x"')])
        return []

    def _worker(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        body = str(os.getpid()).encode()
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]

    def _twice(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("X-Twice", "1"), ("X-Twice", "2"), ("Content-Length", "0")])
        return []

    def _refuse(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("413 Content Too Large", [("Content-Length", "5")])
        return [b"large"]

    def _impatient(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ[INPUT_TIMEOUT](0.5)
        try:
            while environ["wsgi.input"].read(2):
                pass
            status = "200 OK"
        except TimeoutError:
            environ[CLOSE_CONNECTION]()
            status = "408 Request Timeout"
        start_response(status, [("Content-Length", "0")])
        return []

    def _stream(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        count = int(environ["QUERY_STRING"])
        start_response("200 OK", [("Content-Length", str(count * _MIB))])
        return (b"\0" * _MIB for _ in range(count))

    def _closing(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        name, _, count = environ["QUERY_STRING"].partition("-")
        start_response("200 OK", [("Content-Length", str(int(count) * _MIB))])
        return _Closing(self._closed.parent / f"ended-{name}", int(count))

    def _cut(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Length", "1000")])
        return self._breaking()

    def _cutoff(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return self._breaking()

    def _breaking(self) -> Iterator[bytes]:
        yield b"x" * 10
        raise OSError("the storage failed")

    def _late(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        while environ["wsgi.input"].read(_MIB):
            pass
        return self._slow(environ, start_response)

    def _slow(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        time.sleep(float(environ["QUERY_STRING"]))
        start_response("200 OK", [("Content-Length", "4")])
        return [b"slow"]

    def _raise(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        raise ValueError("a secret of the application")


class _Closing:
    """A body that creates a file when it is closed."""

    def __init__(self, file: Path, count: int) -> None:
        self._file, self._left = file, count

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._left == 0:
            raise StopIteration
        self._left -= 1
        return b"\0" * _MIB

    def close(self) -> None:
        with self._file.open("a") as file:
            file.write("closed\n")
