"""A connection stays usable after a request that was rejected with its body unread."""

from __future__ import annotations

from collections.abc import Callable
from http.client import HTTPConnection

import pytest

from protocol.servers import KINDS

REFUSED = {
    "unknown-upload": ("PATCH", "/v2/x/blobs/uploads/00000000-0000-4000-8000-000000000000?_state=AAAA", 404),
    "bad-name": ("POST", "/v2/UPPER/blobs/uploads/", 400),
    "bad-digest": ("POST", "/v2/x/blobs/uploads/?digest=sha256:abc", 400),
    "bad-tag": ("PUT", "/v2/x/manifests/.x", 400),
    "wrong-verb": ("PUT", "/v2/", 405),
    "unknown-route": ("POST", "/nothing", 404),
}
BODY = b"GET /v2/evil HTTP/1.1\r\nHost: evil\r\n\r\n" * 50


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_the_next_request_gets_its_own_response(
    server_port: Callable[[str, str], int], kind: str, name: str, chunked: bool
) -> None:
    method, target, status = REFUSED[name]
    connection = HTTPConnection("127.0.0.1", server_port(kind, "default"), timeout=30)
    try:
        connection.request(method, target, iter([BODY]) if chunked else BODY, encode_chunked=chunked)
        response = connection.getresponse()
        assert (response.status, response.read()[:10]) == (status, b'{"errors":')
        # The body was read and discarded, so the connection stays open, and no part of the body is parsed as a request.
        connection.request("GET", "/v2/")
        response = connection.getresponse()
        assert (response.status, response.read()) == (200, b"{}")
    finally:
        connection.close()
