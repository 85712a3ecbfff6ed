"""What every server with several worker processes must do besides."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from host.tests.server.cases import UnderWay
from host.tests.server.running import Running

__all__ = ["WorkerCases"]


class WorkerCases:
    """Inherit it beside ServerCases."""

    name: ClassVar[str]

    def test_signals_from_everywhere_let_running_requests_end(self, tmp_path: Path) -> None:
        """systemd sends SIGTERM to every process of a service, and Ctrl-C SIGINT to every one of a terminal."""
        with Running(self.name, tmp_path / "run", workers=2) as server:
            running = UnderWay(server, "/slow?2")
            for _ in range(4):
                for process in (server.process.pid, *server.workers()):
                    # A worker without a request ends with the first signal.
                    with suppress(ProcessLookupError):
                        os.kill(process, signal.SIGTERM)
                        os.kill(process, signal.SIGINT)
                time.sleep(0.2)
            assert running.body() == b"slow"
            assert server.process.wait(10) == 0
            assert server.closed() == 2

    def test_an_application_that_cannot_be_built_ends_the_server(self, tmp_path: Path) -> None:
        with Running(self.name, tmp_path / "run", broken=True) as server:
            assert server.process.wait(20) != 0
            assert "the application cannot be built" in server.log()
