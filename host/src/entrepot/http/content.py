"""What resources share about content: digests from paths, etags, request bodies."""

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
    """JSON as Distribution writes it: without blanks, with a line end."""
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def check_writable(settings: RegistrySettings, allowed: str) -> None:
    """Raise Unsupported, with the methods that are allowed, where the registry is read-only."""
    if settings.readonly:
        raise Unsupported(
            "this registry is read-only (storage.maintenance.readonly.enabled)", headers={"Allow": allowed}
        )


def known_digest(text: str, unknown: type[RegistryError]) -> Digest:
    """A digest from a path; one of another algorithm cannot be here, which is ``unknown`` and not a bad request."""
    try:
        return parse_digest(text)
    except AlgorithmUnsupported as error:
        raise unknown({"digest": text}) from error


@dataclass(frozen=True, slots=True)
class Mount:
    """A blob that a client wants to mount, and the repository that it names as its source."""

    digest: Digest
    source: str | None


def requested_mount(req: falcon.Request) -> Mount | None:
    """The mount that a POST of an upload asks for, or None for an ordinary upload.

    Empty parameters are absent. What is no digest, or no name of a repository, cannot be mounted: an upload is always
    another way (distribution-spec, "Mounting a blob from another repository").
    """
    digest, source = req.get_param("mount"), req.get_param("from")
    if not digest:
        return None
    try:
        return Mount(parse_digest(digest), check_name(source) if source else None)
    except (DigestInvalid, NameInvalid):
        return None


def matches(header: str | None, etag: str) -> bool:
    """Whether If-None-Match names this etag (RFC 9110, 13.1.2)."""
    if header is None:
        return False
    given = [entry.strip().removeprefix("W/") for entry in header.split(",")]
    return etag in given or "*" in given or etag.strip('"') in given


def request_body(req: falcon.Request) -> Body:
    """The body of a request, the same object each time; its length is unknown where the client sends it in chunks.

    Raises SizeInvalid where Content-Length is no number.
    """
    body = getattr(req.context, "body", None)
    if not isinstance(body, Body):
        body = req.context.body = _body(req)
    return body


def _body(req: falcon.Request) -> Body:
    text = req.env.get("CONTENT_LENGTH")
    if text:
        if not (text.isascii() and text.isdigit()):
            raise SizeInvalid("Content-Length is no number")
        return Body(req.stream, int(text))
    streamed = "HTTP_TRANSFER_ENCODING" in req.env or req.env.get("SERVER_PROTOCOL", "").startswith("HTTP/2")
    return Body(req.stream, None if streamed else 0)
