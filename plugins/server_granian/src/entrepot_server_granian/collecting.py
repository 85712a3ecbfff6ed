"""Responses without a length, which are collected before they are sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from tempfile import SpooledTemporaryFile
from typing import Final
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment
from wsgiref.util import FileWrapper

__all__ = ["with_length"]

_IN_MEMORY: Final = 2**20
_CHUNK: Final = 2**20
_BODILESS: Final = ("1", "204", "304")


def with_length(application: Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]) -> WSGIApplication:
    """Wrap the application to send every body with its length.

    If an iterator raises, granian ends a chunked body as if it were complete. Where the length is known, the client
    notices that bytes are missing. An iterator without one is therefore read to its end first, into a file if it is
    large; if it raises, the response has status 500.
    """

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        begun: list[tuple[str, list[tuple[str, str]]]] = []

        def begin(status: str, headers: list[tuple[str, str]], *exception: object) -> Callable[[bytes], object]:
            begun[:] = [(status, headers)]
            return start_response(status, headers)

        body = application(environ, begin)
        if isinstance(body, list) or not begun:
            return body
        status, headers = begun[0]
        if status.startswith(_BODILESS) or any(name.lower() == "content-length" for name, _ in headers):
            return body
        whole = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed by FileWrapper
        size = 0
        try:
            for chunk in body:
                size += whole.write(chunk)
        except BaseException:
            whole.close()
            raise
        finally:
            if callable(close := getattr(body, "close", None)):
                close()
        start_response(status, [*headers, ("Content-Length", str(size))])
        whole.seek(0)
        return FileWrapper(whole, _CHUNK)

    return serve
