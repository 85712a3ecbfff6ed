"""Servers that change requests, or mix them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import ClassVar
from urllib.parse import unquote
from wsgiref.types import StartResponse, WSGIEnvironment

from contract.tests.broken.register import stopped_by
from contract.tests.honest_server import Body, HonestServer

from entrepot_contract.server import Application

UNCHANGED = "test_methods_and_headers_are_passed_unchanged"


class ShortBody(Body):
    """Loses the end of a body that fills its buffer."""

    def __init__(self, environ: WSGIEnvironment) -> None:
        super().__init__(environ)
        if self.left and self.left % 2**16 == 0:
            self.left -= 1


@stopped_by("test_bodies_of_sizes_around_buffers_are_received_completely")
class ServerLosesTheLastByte(HonestServer):
    """Loses the last byte of a body of exactly 64 KiB."""

    def call(self, application: Application, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        environ["wsgi.input"] = ShortBody(environ)
        return application(environ, start)


@stopped_by("test_targets_are_decoded_once")
class ServerDecodesTwice(HonestServer):
    """Decodes the path, which is decoded already."""

    def call(self, application: Application, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        environ["PATH_INFO"] = unquote(environ["PATH_INFO"], "latin-1")
        return super().call(application, environ, start)


@stopped_by("test_targets_are_decoded_once")
class ServerDecodesQueries(HonestServer):
    """Decodes the query, which the application decodes."""

    def call(self, application: Application, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        environ["QUERY_STRING"] = unquote(environ["QUERY_STRING"])
        return super().call(application, environ, start)


@stopped_by(UNCHANGED)
class ServerKeepsTheLastOfTwo(HonestServer):
    """Passes only the last of several fields with the same name."""

    def call(self, application: Application, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        for name, value in list(environ.items()):
            if name.startswith("HTTP_X_"):
                environ[name] = value.rpartition(",")[2].strip()
        return super().call(application, environ, start)


@stopped_by(UNCHANGED)
class ServerTidiesHeaders(HonestServer):
    """Writes every run of spaces in a header as one."""

    def call(self, application: Application, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        for name, value in list(environ.items()):
            if name.startswith("HTTP_"):
                environ[name] = " ".join(value.split())
        return super().call(application, environ, start)


@stopped_by("test_nothing_of_a_request_appears_in_later_ones")
class ServerReusesItsEnvironment(HonestServer):
    """Keeps the headers of a request for those that have none."""

    kept: ClassVar[dict[str, object]] = {}

    def call(self, application: Application, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        self.kept.update({name: value for name, value in environ.items() if name.startswith("HTTP_")})
        for name, value in self.kept.items():
            environ.setdefault(name, value)
        return super().call(application, environ, start)


@stopped_by("test_requests_at_once_are_not_mixed")
class ServerHasOneRequest(HonestServer):
    """Keeps the request that is being served in an attribute."""

    current: ClassVar[WSGIEnvironment]

    def call(self, application: Application, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        ServerHasOneRequest.current = environ
        time.sleep(0.01)
        body: dict[str, object] = {name: environ[name] for name in ("wsgi.input", "CONTENT_LENGTH") if name in environ}
        return super().call(application, {**ServerHasOneRequest.current, **body}, start)
