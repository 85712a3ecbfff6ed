"""The built-in server: waitress, pure Python, one process, no TLS."""

from __future__ import annotations

import logging
import signal
import sys
import time
from types import FrameType
from typing import Any, ClassVar, cast

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer, create_server

from entrepot.server.channel import PlainChannel
from entrepot_contract import DriverOptions
from entrepot_contract.server import ApplicationFactory, ServerDriver, ServerSettings
from entrepot_contract.toolkit.downloads import Downloads
from entrepot_contract.toolkit.header_names import with_usual_names
from entrepot_contract.toolkit.listening import listen

__all__ = ["WaitressServer"]

_log = logging.getLogger(__name__)
_MIB = 2**20
# Each costs 15 KB while idle. A client that does not read its response blocks one, a slow request body does not.
_THREADS = 192
_Channels = dict[int, Any]  # by file descriptor; waitress's types declare its dispatchers as sockets


class WaitressServer(ServerDriver):
    """Serve with waitress.

    A request body is received completely, in a temporary file if it is large, before the application is called.
    """

    name: ClassVar[str] = "waitress"
    contract: ClassVar[tuple[int, int]] = (1, 0)
    Options: ClassVar[type[DriverOptions]] = DriverOptions
    priority: ClassVar[int] = 10
    multiprocess: ClassVar[bool] = False
    tls: ClassVar[bool] = False

    def __init__(self, options: DriverOptions) -> None:
        """Create the server, which has no options."""

    def serve(self, factory: ApplicationFactory, settings: ServerSettings) -> None:
        """Serve in this process until SIGTERM or SIGINT."""
        with listen(settings.host, settings.port, stall=settings.stall_timeout) as listener:
            application, threads = factory(), settings.threads or _THREADS
            try:
                channels: _Channels = {}
                server = create_server(
                    Downloads(threads).wrap(with_usual_names(application)),
                    map=channels,
                    sockets=[listener],
                    threads=threads,
                    ident="entrepot",
                    connection_limit=1000,
                    channel_timeout=max(1, round(settings.idle_timeout)),
                    cleanup_interval=5,
                    asyncore_use_poll=True,
                    clear_untrusted_proxy_headers=False,
                    expose_tracebacks=False,
                    max_request_body_size=sys.maxsize,
                    recv_bytes=_MIB // 4,
                    # A response waits in memory for a slow client, up to the high watermark, and never in a file.
                    outbuf_high_watermark=2 * _MIB,
                    outbuf_overflow=64 * _MIB,
                )
                # One socket results in one server.
                plain = cast(BaseWSGIServer, server)
                plain.channel_class = PlainChannel
                _Loop(plain, channels, settings).run(listener.getsockname()[1])
            finally:
                application.close()


class _Loop:
    """waitress's loop with a graceful shutdown, which waitress itself does not have."""

    def __init__(self, server: BaseWSGIServer, channels: _Channels, settings: ServerSettings) -> None:
        self._server = server
        self._channels = channels
        self._settings = settings
        self._stopping = False
        self._next_look = 0.0

    def run(self, port: int) -> None:
        """Serve until SIGTERM or SIGINT, then until running requests have ended or the drain timeout has passed."""
        before = {number: signal.signal(number, self._stop) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            if self._settings.on_ready is not None:
                self._settings.on_ready(self._settings.host, port)
            while not self._stopping:
                self._iterate()
            self._finish()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True
        self._server.pull_trigger()

    def _iterate(self, timeout: float = 1.0) -> None:
        wasyncore.loop(timeout=timeout, use_poll=True, map=self._channels, count=1)
        now = time.time()
        if now >= self._next_look:
            self._next_look = now + 1
            self._drop_stalled(now - self._settings.stall_timeout)

    def _drop_stalled(self, since: float) -> None:
        """Disconnect clients that have started a request and sent nothing since then."""
        for channel in list(self._channels.values()):
            if isinstance(channel, HTTPChannel) and channel.request is not None and channel.last_activity < since:
                channel.will_close = True

    def _finish(self) -> None:
        # Closes only the listening socket: server.close() would also close the trigger, which responses need.
        wasyncore.dispatcher.close(self._server)
        deadline = time.monotonic() + self._settings.drain_timeout
        while (busy := self._close_idle()) and time.monotonic() < deadline:
            self._iterate(0.1)
        if busy:
            _log.warning("requests aborted after http.draintimeout: count=%d", busy)
        self._server.task_dispatcher.shutdown(timeout=0 if busy else 5)
        wasyncore.close_all(self._channels)

    def _close_idle(self) -> int:
        busy = 0
        for channel in list(self._channels.values()):
            if not isinstance(channel, HTTPChannel):
                continue
            if _is_busy(channel):
                busy += 1
            else:
                channel.will_close = True
        return busy


def _is_busy(channel: HTTPChannel) -> bool:
    return bool(channel.requests or channel.request is not None or channel.total_outbufs_len)
