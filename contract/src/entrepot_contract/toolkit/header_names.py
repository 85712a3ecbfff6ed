"""Header names in their usual case, which scripts search for, for servers that send them as the application does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

__all__ = ["usual_names", "with_usual_names"]

_MOST: Final = 256

_OTHERS: Final = {
    "etag": "ETag",
    "www-authenticate": "WWW-Authenticate",
    "docker-upload-uuid": "Docker-Upload-UUID",
    "oci-subject": "OCI-Subject",
    "oci-tag": "OCI-Tag",
    "oci-filters-applied": "OCI-Filters-Applied",
}


def usual_names(start_response: StartResponse) -> StartResponse:
    """Return a ``start_response`` (PEP 3333) that sends each header with its usual name."""

    def start(status: str, headers: list[tuple[str, str]], *error: object) -> Callable[[bytes], object]:
        return start_response(status, [(_usual[name], value) for name, value in headers], *error)  # type: ignore[arg-type]  # passed through

    return start


def with_usual_names(
    application: Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]],
) -> Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]:
    """Return the application, which sends each header with its usual name."""

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return application(environ, usual_names(start_response))

    return serve


class _Usual(dict[str, str]):
    """Cache of usual header names, up to 256 of them; a dict lookup is the cheapest way in every request."""

    def __missing__(self, name: str) -> str:
        usual = _OTHERS.get(name.lower()) or name.title()
        if len(self) < _MOST:
            self[name] = usual
        return usual


_usual: Final = _Usual()
