"""Helpers for resources: digests from paths, ETags, request bodies, JSON responses."""

from __future__ import annotations

import json
from dataclasses import dataclass

import falcon

from entrepot.errors import AlgorithmUnsupported, DigestInvalid, NameInvalid, RegistryError, SizeInvalid, Unsupported
from entrepot.registry.body import Body
from entrepot.registry.names import Digest, check_name, parse_digest
from entrepot.settings import RegistrySettings

__all__ = ["Mount", "check_writable", "json_body", "known_digest", "matches", "request_body", "requested_mount"]


def json_body(value: object) -> bytes:
    """Returns JSON in Distribution's format: without spaces, with a trailing newline."""
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def check_writable(settings: RegistrySettings, allowed: str) -> None:
    """Raise Unsupported, with the allowed methods, if the registry is read-only."""
    if settings.readonly:
        raise Unsupported(
            "this registry is read-only (storage.maintenance.readonly.enabled)", headers={"Allow": allowed}
        )


def known_digest(text: str, unknown: type[RegistryError]) -> Digest:
    """Parse a digest from a path; one of an unsupported algorithm raises ``unknown``, as no such content can exist."""
    try:
        return parse_digest(text)
    except AlgorithmUnsupported as error:
        raise unknown({"digest": text}) from error


@dataclass(frozen=True, slots=True)
class Mount:
    """A blob that a client wants to mount, and its source repository, if given."""

    digest: Digest
    source: str | None


def requested_mount(req: falcon.Request) -> Mount | None:
    """Returns the mount requested by a POST of an upload, or None for an ordinary upload.

    Empty parameters are ignored. An invalid digest or repository name results in an ordinary upload, which is always
    permitted (distribution-spec, "Mounting a blob from another repository").
    """
    digest, source = req.get_param("mount"), req.get_param("from")
    if not digest:
        return None
    try:
        return Mount(parse_digest(digest), check_name(source) if source else None)
    except (DigestInvalid, NameInvalid):
        return None


def matches(header: str | None, etag: str) -> bool:
    """Returns whether If-None-Match matches this ETag (RFC 9110, 13.1.2)."""
    if header is None:
        return False
    given = [entry.strip().removeprefix("W/") for entry in header.split(",")]
    return etag in given or "*" in given or etag.strip('"') in given


def request_body(req: falcon.Request) -> Body:
    """Returns the body of a request, always the same object; its length is unknown for a chunked body.

    Raises SizeInvalid if Content-Length is not a number.
    """
    body = getattr(req.context, "body", None)
    if not isinstance(body, Body):
        body = req.context.body = _body(req)
    return body


def _body(req: falcon.Request) -> Body:
    text = req.env.get("CONTENT_LENGTH")
    if text:
        if not (text.isascii() and text.isdigit()):
            raise SizeInvalid("Content-Length is not a number")
        return Body(req.stream, int(text))
    streamed = "HTTP_TRANSFER_ENCODING" in req.env or req.env.get("SERVER_PROTOCOL", "").startswith("HTTP/2")
    return Body(req.stream, None if streamed else 0)
