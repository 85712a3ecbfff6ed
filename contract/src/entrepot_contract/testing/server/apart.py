"""Tests that every request is received as it was sent, and that requests do not affect each other."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from entrepot_contract.testing.sentences import sentence
from entrepot_contract.testing.server.base import ServerBase
from entrepot_contract.testing.server.messages import CLOSE, request
from entrepot_contract.testing.server.running import Running

__all__ = ["ApartContract"]

ENVIRONMENT: Final = ("ServerDriver", "The environment is that of PEP 3333;")
READS: Final = ("ServerDriver", "Reads of ``wsgi.input`` return the complete body.")
APART: Final = ("ServerDriver", "Requests do not affect each other: nothing of one appears in another.")
SIZES: Final = (0, 1, 2**12, 2**13 + 1, 2**14 - 1, 2**16 - 1, 2**16, 2**16 + 1, 2**18, 2**20 + 1)
TARGETS: Final = {
    "/echo/a%2Fb": ("/echo/a/b", ""),
    "/echo/100%2541": ("/echo/100%41", ""),
    "/echo/%E5%AF%86": ("/echo/\u00e5\u00af\u0086", ""),
    "/echo/a+b;c=d": ("/echo/a+b;c=d", ""),
    "/echo?q=a?b%26c=%2541&d": ("/echo", "q=a?b%26c=%2541&d"),
    "/echo/?": ("/echo/", ""),
}
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class ApartContract(ServerBase):
    """Tests of one server that many requests use."""

    @sentence(*READS)
    def test_bodies_of_sizes_around_buffers_are_received_completely(self, server: Running) -> None:
        for size in SIZES:
            body = os.urandom(size)
            answer = server.talk(request("PUT", "/echo", b"Content-Length: %d" % size) + CLOSE + body)[0]
            seen = answer.json()
            assert seen["size"] == size, f"of a body of {size} bytes, the application read {seen['size']}"
            assert seen["sha256"] == hashlib.sha256(body).hexdigest(), f"a body of {size} bytes was changed"

    @sentence(*ENVIRONMENT)
    def test_targets_are_decoded_once(self, server: Running) -> None:
        for target, (path, query) in TARGETS.items():
            seen = server.get(target).environ()
            assert seen["PATH_INFO"] == path, f"PATH_INFO of {target} is {seen['PATH_INFO']!r}, not {path!r}"
            assert seen.get("QUERY_STRING", "") == query, f"QUERY_STRING of {target} is {seen.get('QUERY_STRING')!r}"

    @sentence(*ENVIRONMENT)
    def test_methods_and_headers_are_passed_unchanged(self, server: Running) -> None:
        for method in METHODS:
            fields = (b"Authorization: Basic  YTpi==", b"X-Kit: one", b"X-Kit: two", b'Content-Type: kit/x; y="z"')
            length = (b"Content-Length: 0",) if method in {"POST", "PUT", "PATCH"} else ()
            seen = server.talk(request(method, "/echo", *fields, *length) + CLOSE, methods=[method])[0].environ()
            assert seen["REQUEST_METHOD"] == method, f"a {method} arrived as {seen['REQUEST_METHOD']}"
            assert seen["HTTP_AUTHORIZATION"] == "Basic  YTpi==", "the Authorization header was changed"
            assert seen["CONTENT_TYPE"] == 'kit/x; y="z"', "the Content-Type header was changed"
            values = [value.strip() for value in seen["HTTP_X_KIT"].split(",")]
            assert values == ["one", "two"], f"a header that was sent twice arrived as {seen['HTTP_X_KIT']!r}"

    @sentence(*APART)
    def test_nothing_of_a_request_appears_in_later_ones(self, server: Running) -> None:
        secret = b"Authorization: Bearer kit-secret-of-another"
        for _ in range(8):
            first = server.talk(
                request("PUT", "/echo/one?a=b", secret, b"X-Once: 1", b"Content-Length: 3") + CLOSE + b"abc"
            )
            assert first[0].environ()["HTTP_X_ONCE"] == "1"
            second = server.get("/echo/two")
            seen = second.environ()
            assert "HTTP_AUTHORIZATION" not in seen, "a request has the Authorization header of another one"
            assert "HTTP_X_ONCE" not in seen, "a request has a header of another one"
            assert seen.get("QUERY_STRING", "") == "", "a request has the query of another one"
            assert second.json()["size"] == 0, "a request has the body of another one"

    @sentence(*APART)
    def test_requests_at_once_are_not_mixed(self, server: Running) -> None:
        def ask(number: int) -> str | None:
            body = f"{number:04d}".encode() * (1 + number * 997 % 5000)
            fields = (b"X-Number: %d" % number, b"Content-Length: %d" % len(body))
            answer = server.talk(request("PUT", f"/echo/{number}?{number}", *fields) + CLOSE + body)[0]
            seen = answer.environ()
            got = (seen["PATH_INFO"], seen["QUERY_STRING"], seen["HTTP_X_NUMBER"], answer.json()["sha256"])
            expected = (f"/echo/{number}", str(number), str(number), hashlib.sha256(body).hexdigest())
            return None if got == expected else f"the answer to request {number} describes another: {got[:3]}"

        with ThreadPoolExecutor(16) as pool:
            mixed = [wrong for wrong in pool.map(ask, range(96)) if wrong is not None]
        assert not mixed, f"of 96 requests at once, {len(mixed)} were mixed with others: {mixed[0]}"
