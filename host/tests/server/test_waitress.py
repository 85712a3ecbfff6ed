"""waitress does what every server must, and says what it cannot."""

from __future__ import annotations

from host.tests.server.cases import ServerCases


class TestWaitress(ServerCases):
    name = "waitress"

    def workers(self, wanted: int) -> int:
        return 1
