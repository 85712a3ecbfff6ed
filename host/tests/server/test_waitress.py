"""waitress fulfils the contract, and rejects endless ends of chunked bodies."""

from __future__ import annotations

import pytest

from entrepot.server.waitress import WaitressServer
from entrepot_contract.testing import ServerContract
from entrepot_contract.testing.server.messages import request
from entrepot_contract.testing.server.running import Running


class TestWaitress(ServerContract):
    server_class = WaitressServer

    @pytest.mark.parametrize("endless", [b"0" * 300_000, b"0\r\n" + b"x" * 300_000], ids=["size", "trailer"])
    def test_a_chunked_body_whose_end_never_comes_is_refused(self, server: Running, endless: bytes) -> None:
        head = request("POST", "/echo", b"Transfer-Encoding: chunked") + b"\r\n"
        # Closing the connection without a response is also a rejection.
        assert all(answer.status == 400 for answer in server.talk(head, endless))
