"""HTTP requirements for every request: a valid Host, and a body that is read completely or a closed connection."""

from __future__ import annotations

import re
from functools import lru_cache
from threading import BoundedSemaphore
from typing import Final

import falcon

from entrepot.errors import RequestInvalid, SizeInvalid
from entrepot.http.content import request_body
from entrepot_contract.server import CLOSE_CONNECTION, INPUT_TIMEOUT

__all__ = ["Framing"]

_DRAIN_BYTES: Final = 64 * 2**20
_DRAIN_SECONDS: Final = 5.0
_DRAINS: Final = 64
"""Maximum number of requests of one process that are drained at the same time; each occupies a thread."""

_NAME = r"[A-Za-z0-9._~!$&'()*+;=%-]+"
_HOST: Final = re.compile(rf"(?:{_NAME}|\[[0-9A-Za-z:.%~_-]+\])(?::[0-9]{{0,5}})?")
"""A host and a port (RFC 3986, 3.2.2), without a comma, with which servers join repeated fields."""
_MAX_HOST: Final = 320

_OLD: Final = frozenset({"HTTP/1.0", "HTTP/1", "HTTP/0.9"})
_WITHOUT_BODY: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@lru_cache(maxsize=1024)
def _is_host(text: str) -> bool:
    return _HOST.fullmatch(text) is not None


class Framing:
    """Rejects requests without exactly one valid Host, and drains bodies that were not read completely.

    A client that is still sending when its connection is closed may never see the response (RFC 9112, 9.6). So the rest
    of the body is read and discarded first, up to 64 MiB and for 5 seconds. If more is left, if the framing is broken,
    or if the client waits for ``100 Continue``, the response has ``Connection: close``.
    """

    def __init__(self) -> None:
        self._drains = BoundedSemaphore(_DRAINS)

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Falcon's hook before routing; raises RequestInvalid (RFC 9112, 3.2; RFC 9113, 8.3.1)."""
        host = req.env.get("HTTP_HOST", "")
        if not host:
            if req.env.get("SERVER_PROTOCOL") not in _OLD:
                raise RequestInvalid("the header Host is missing")
        elif len(host) > _MAX_HOST or not _is_host(host):
            raise RequestInvalid("the header Host is invalid or repeated")

    def process_response(
        self, req: falcon.Request, resp: falcon.Response, resource: object, req_succeeded: bool
    ) -> None:
        """Falcon's hook after the resource, called after errors as well."""
        env = req.env
        if req.method in _WITHOUT_BODY and not env.get("CONTENT_LENGTH") and "HTTP_TRANSFER_ENCODING" not in env:
            return
        if not self._read_to_the_end(req) and (close := env.get(CLOSE_CONNECTION)) is not None:
            close()

    def _read_to_the_end(self, req: falcon.Request) -> bool:
        try:
            body = request_body(req)
        except SizeInvalid:
            return False
        expects = req.env.get("HTTP_EXPECT", "").lower() == "100-continue"
        if not body.ended and (body.begun or not expects) and self._drains.acquire(blocking=False):
            try:
                if (limit := req.env.get(INPUT_TIMEOUT)) is not None:
                    limit(_DRAIN_SECONDS)
                body.drain(_DRAIN_BYTES, _DRAIN_SECONDS)
            finally:
                self._drains.release()
        return body.ended and not body.broken
