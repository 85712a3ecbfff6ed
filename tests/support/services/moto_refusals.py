"""Restrictions and differences of other servers, selected by the names of buckets: ``equal-parts--<anything>``."""

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

_PAGE: Final = 4
_OBJECT: Final = "<Size>1</Size><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>x</ETag>"

Query = dict[str, list[str]]
Answer = tuple[str, bytes]


class Refusals:
    """WSGI middleware in front of moto."""

    def __init__(self, moto: WSGIApplication) -> None:
        self._moto = moto

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
        kinds = environ["PATH_INFO"].split("/")[1].split("--")[:-1]
        for kind in kinds:
            if (answered := REFUSALS[kind](self, environ, query)) is not None:
                status, body = answered
                environ["wsgi.input"].read()
                start_response(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
                return [body]
        return self._moto(environ, start_response)

    def ask(self, method: str, path: str, query: str = "") -> tuple[dict[str, str], bytes]:
        """Return the headers and the body of moto's response."""
        environ: WSGIEnvironment = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query}
        setup_testing_defaults(environ)
        headers: dict[str, str] = {}

        def start_response(status: str, pairs: list[tuple[str, str]], *_: object) -> Callable[[bytes], object]:
            headers.update((name.lower(), value) for name, value in pairs)
            return lambda _: None

        return headers, b"".join(self._moto(environ, start_response))


def _refused(status: str, code: str, message: str) -> Answer:
    return status, f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()


def _deletes(environ: WSGIEnvironment, query: Query) -> bool:
    return environ["REQUEST_METHOD"] == "POST" and "delete" in query


def _copies_a_part(environ: WSGIEnvironment, query: Query) -> bool:
    return environ["REQUEST_METHOD"] == "PUT" and "partNumber" in query and "HTTP_X_AMZ_COPY_SOURCE" in environ


def _content_md5(_: Refusals, environ: WSGIEnvironment, query: Query) -> Answer | None:
    """Older MinIO, ECS, PowerScale."""
    if _deletes(environ, query) and "HTTP_CONTENT_MD5" not in environ:
        return _refused("400 Bad Request", "MissingContentMD5", "Missing required header: Content-Md5")
    return None


def _no_delete_objects(_: Refusals, environ: WSGIEnvironment, query: Query) -> Answer | None:
    return _refused("501 Not Implemented", "NotImplemented", "DeleteObjects") if _deletes(environ, query) else None


def _no_part_copies(_: Refusals, environ: WSGIEnvironment, query: Query) -> Answer | None:
    """``rclone serve s3``, Storj."""
    return (
        _refused("501 Not Implemented", "NotImplemented", "UploadPartCopy") if _copies_a_part(environ, query) else None
    )


def _no_copies(_: Refusals, environ: WSGIEnvironment, __: Query) -> Answer | None:
    return _refused("501 Not Implemented", "NotImplemented", "Copy") if "HTTP_X_AMZ_COPY_SOURCE" in environ else None


def _no_small_copies(moto: Refusals, environ: WSGIEnvironment, query: Query) -> Answer | None:
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
        return _refused("400 Bad Request", "InvalidRequest", "Source object is too small")
    return None


def _equal_parts(moto: Refusals, environ: WSGIEnvironment, query: Query) -> Answer | None:
    """Cloudflare R2: all parts but the last must have equal sizes, and the last must not be larger."""
    if environ["REQUEST_METHOD"] != "POST" or "uploadId" not in query:
        return None
    _, listed = moto.ask("GET", environ["PATH_INFO"], environ["QUERY_STRING"])
    sizes = [int(size) for size in re.findall(rb"<Size>(\d+)</Size>", listed)]
    if len(set(sizes[:-1])) > 1 or sizes[-1] > sizes[0]:
        return _refused("400 Bad Request", "InvalidPart", "All non-trailing parts must have the same length.")
    return None


def _by_segments(moto: Refusals, environ: WSGIEnvironment, query: Query) -> Answer | None:
    """SeaweedFS: lists by path segments, and returns no names if start-after equals the prefix."""
    if "list-type" not in query:
        return None
    _, listed = moto.ask("GET", environ["PATH_INFO"], "list-type=2")
    prefix, after = query.get("prefix", [""])[0], query.get("start-after", [""])[0]
    begin, _, last = query.get("continuation-token", ["0/"])[0].partition("/")
    at, after = int(begin), last or after
    names: dict[str, None] = {prefix: None} if after and after == prefix else {}
    for name in sorted(re.findall(r"<Key>([^<]*)</Key>", listed.decode()), key=lambda name: name.split("/")):
        head, slash, _ = name[len(prefix) :].partition("/")
        shown = prefix + head + slash if query.get("delimiter") == ["/"] else name
        if name.startswith(prefix) and shown.rstrip("/").split("/") > after.rstrip("/").split("/"):
            names[shown] = None
    page = list(names)[at : at + _PAGE]
    more = len(names) > at + _PAGE
    objects = "".join(f"<Contents><Key>{name}</Key>{_OBJECT}</Contents>" for name in page if name[-1] != "/")
    folders = "".join(f"<CommonPrefixes><Prefix>{name}</Prefix></CommonPrefixes>" for name in page if name[-1] == "/")
    token = f"<NextContinuationToken>{at + _PAGE}/{after}</NextContinuationToken>"
    end = f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}"
    return "200 OK", f"<ListBucketResult>{objects}{folders}{end}</ListBucketResult>".encode()


REFUSALS: Final[dict[str, Callable[[Refusals, WSGIEnvironment, Query], Answer | None]]] = {
    "content-md5": _content_md5,
    "no-delete-objects": _no_delete_objects,
    "no-part-copies": _no_part_copies,
    "no-copies": _no_copies,
    "no-small-copies": _no_small_copies,
    "equal-parts": _equal_parts,
    "by-segments": _by_segments,
}
"""The response to send instead, by name: the status and the body, or None to forward the request."""
