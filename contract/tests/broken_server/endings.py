"""Servers that forget the end of a response, or a field of a header."""

from __future__ import annotations

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from contract.tests.broken.register import stopped_by
from contract.tests.honest_server import HonestServer

from entrepot_contract.server import Application


@stopped_by("test_the_iterable_of_a_response_is_closed_once")
class ServerWrapsIterables(HonestServer):
    """Iterates over the response in a generator, and never closes it."""

    def call(self, application: Application, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        return (chunk for chunk in super().call(application, environ, start))


@stopped_by("test_the_fields_of_a_repeated_header_are_joined")
class ServerKeepsTheFirstField(HonestServer):
    """Keeps the first field of a header that is repeated."""

    def call(self, application: Application, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        environ["HTTP_ACCEPT"] = str(environ.get("HTTP_ACCEPT", "")).partition(",")[0]
        return super().call(application, environ, start)
