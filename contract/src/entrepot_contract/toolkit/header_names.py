"""Header names in their usual case, which scripts search for, for servers that send them as the application does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

__all__ = ["with_usual_names"]

_MAX_NAMES: Final = 256

_EXCEPTIONS: Final = {
    "etag": "ETag",
    "www-authenticate": "WWW-Authenticate",
    "docker-upload-uuid": "Docker-Upload-UUID",
    "oci-subject": "OCI-Subject",
    "oci-tag": "OCI-Tag",
    "oci-filters-applied": "OCI-Filters-Applied",
}


def with_usual_names(
    application: Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]],
) -> Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]:
    """Return the application (PEP 3333), which sends each header with its usual name."""

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *error: object) -> Callable[[bytes], object]:
            return start_response(status, [(_usual[name], value) for name, value in headers], *error)  # type: ignore[arg-type]  # passed through

        return application(environ, start)

    return serve


class _Usual(dict[str, str]):
    """Cache of header names; a dict lookup is the cheapest way for every request."""

    def __missing__(self, name: str) -> str:
        usual = _EXCEPTIONS.get(name.lower()) or name.title()
        if len(self) < _MAX_NAMES:
            self[name] = usual
        return usual


_usual: Final = _Usual()
