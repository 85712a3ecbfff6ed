"""waitress fulfils the requirements for every server, and declares what it does not support."""

from __future__ import annotations

import pytest
from host.tests.server.cases import ServerCases, request
from host.tests.server.running import Running


class TestWaitress(ServerCases):
    name = "waitress"

    def workers(self, wanted: int) -> int:
        return 1

    @pytest.mark.parametrize("endless", [b"0" * 300_000, b"0\r\n" + b"x" * 300_000], ids=["size", "trailer"])
    def test_a_chunked_body_whose_end_never_comes_is_refused(self, server: Running, endless: bytes) -> None:
        head = request("POST", "/echo", b"Transfer-Encoding: chunked") + b"\r\n"
        # Closing the connection without a response is also a rejection.
        assert all(answer.status == 400 for answer in server.talk(head, endless))
