"""What servers refuse that moto takes, chosen by the names of buckets: ``equal-parts--<anything>``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, unquote
from wsgiref.util import setup_testing_defaults

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["REFUSALS", "Refusals"]

MIN_PART: Final = 5 * 2**20

Query = dict[str, list[str]]
Refusal = tuple[str, str, str]


class Refusals:
    """A WSGI application in front of moto's."""

    def __init__(self, moto: WSGIApplication) -> None:
        self._moto = moto

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
        kinds = environ["PATH_INFO"].split("/")[1].split("--")[:-1]
        for kind in kinds:
            if (refused := REFUSALS[kind](self, environ, query)) is not None:
                status, code, message = refused
                body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()
                environ["wsgi.input"].read()
                start_response(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
                return [body]
        return self._moto(environ, start_response)

    def ask(self, method: str, path: str, query: str = "") -> tuple[dict[str, str], bytes]:
        """The headers and the body of moto's own answer."""
        environ: WSGIEnvironment = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query}
        setup_testing_defaults(environ)
        headers: dict[str, str] = {}

        def start_response(status: str, pairs: list[tuple[str, str]], *_: object) -> Callable[[bytes], object]:
            headers.update((name.lower(), value) for name, value in pairs)
            return lambda _: None

        return headers, b"".join(self._moto(environ, start_response))


def _deletes(environ: WSGIEnvironment, query: Query) -> bool:
    return environ["REQUEST_METHOD"] == "POST" and "delete" in query


def _copies_a_part(environ: WSGIEnvironment, query: Query) -> bool:
    return environ["REQUEST_METHOD"] == "PUT" and "partNumber" in query and "HTTP_X_AMZ_COPY_SOURCE" in environ


def _content_md5(_: Refusals, environ: WSGIEnvironment, query: Query) -> Refusal | None:
    """Older MinIO, ECS, PowerScale."""
    if _deletes(environ, query) and "HTTP_CONTENT_MD5" not in environ:
        return "400 Bad Request", "MissingContentMD5", "Missing required header for this request: Content-Md5."
    return None


def _no_delete_objects(_: Refusals, environ: WSGIEnvironment, query: Query) -> Refusal | None:
    return ("501 Not Implemented", "NotImplemented", "DeleteObjects") if _deletes(environ, query) else None


def _no_part_copies(_: Refusals, environ: WSGIEnvironment, query: Query) -> Refusal | None:
    """``rclone serve s3``, Storj."""
    return ("501 Not Implemented", "NotImplemented", "UploadPartCopy") if _copies_a_part(environ, query) else None


def _no_copies(_: Refusals, environ: WSGIEnvironment, __: Query) -> Refusal | None:
    return ("501 Not Implemented", "NotImplemented", "Copy") if "HTTP_X_AMZ_COPY_SOURCE" in environ else None


def _no_small_copies(moto: Refusals, environ: WSGIEnvironment, query: Query) -> Refusal | None:
    """Garage."""
    if not _copies_a_part(environ, query):
        return None
    span = re.fullmatch(r"bytes=(\d+)-(\d+)", environ.get("HTTP_X_AMZ_COPY_SOURCE_RANGE", ""))
    if span:
        size = int(span[2]) - int(span[1]) + 1
    else:
        headers, _ = moto.ask("HEAD", "/" + unquote(environ["HTTP_X_AMZ_COPY_SOURCE"]).lstrip("/"))
        size = int(headers["content-length"])
    if size < MIN_PART:
        return "400 Bad Request", "InvalidRequest", "Source object is too small"
    return None


def _equal_parts(moto: Refusals, environ: WSGIEnvironment, query: Query) -> Refusal | None:
    """Cloudflare R2: all parts but the last have one size, and the last is not larger."""
    if environ["REQUEST_METHOD"] != "POST" or "uploadId" not in query:
        return None
    _, listed = moto.ask("GET", environ["PATH_INFO"], environ["QUERY_STRING"])
    sizes = [int(size) for size in re.findall(rb"<Size>(\d+)</Size>", listed)]
    if len(set(sizes[:-1])) > 1 or sizes[-1] > sizes[0]:
        return "400 Bad Request", "InvalidPart", "All non-trailing parts must have the same length."
    return None


REFUSALS: Final[dict[str, Callable[[Refusals, WSGIEnvironment, Query], Refusal | None]]] = {
    "content-md5": _content_md5,
    "no-delete-objects": _no_delete_objects,
    "no-part-copies": _no_part_copies,
    "no-copies": _no_copies,
    "no-small-copies": _no_small_copies,
    "equal-parts": _equal_parts,
}
"""The refusals by their names; each answers the status, code and message, or None where the request passes."""
