"""A worker process, which builds the application, serves it with threads and closes it."""

from __future__ import annotations

import signal
import socket
from types import FrameType
from typing import TYPE_CHECKING, Final

from gunicorn.http import errors, wsgi
from gunicorn.util import write_nonblock
from gunicorn.workers.gthread import ThreadWorker

from entrepot_contract.toolkit.places import Stage
from entrepot_server_gunicorn.connection import Connection
from entrepot_server_gunicorn.input import Input, TimedUnreader
from entrepot_server_gunicorn.wsgi import HostApplication

if TYPE_CHECKING:
    from gunicorn.http import Request
    from gunicorn.workers.gthread import TConn

__all__ = ["BACKLOG", "STOPPING", "Worker"]

BACKLOG: Final = 1024
"""Maximum number of connections waiting for one worker."""

STOPPING: Final = [signal.SIGTERM, signal.SIGINT]

_STATUS: Final = {
    errors.LimitRequestLine: "414 URI Too Long",
    errors.LimitRequestHeaders: "431 Request Header Fields Too Large",
    errors.UnsupportedTransferCoding: "501 Not Implemented",
    errors.ExpectationFailed: "417 Expectation Failed",
}


class _Response(wsgi.Response):
    def default_headers(self) -> list[str]:
        return [header for header in super().default_headers() if not header.startswith("Server:")]


class Worker(ThreadWorker):
    """gunicorn's threaded worker, with a main loop that never blocks on a client."""

    stage: Stage
    """Shared with the parent, which sets it before the fork."""
    stall_timeout: float
    """Seconds without a byte after which a client is disconnected."""
    born: float
    """Start time (``time.monotonic``)."""

    def init_process(self) -> None:
        """Serve until a termination signal."""
        # The only way to omit gunicorn's Server header from every response.
        wsgi.Response = _Response  # type: ignore[misc]
        super().init_process()

    def init_signals(self) -> None:
        """Install the signal handlers and unblock SIGTERM, including one that is already pending."""
        super().init_signals()
        # The terminal sends SIGINT and SIGHUP to every process, and log rotation programs send the others to every
        # process of a service; only the parent stops its workers.
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)

    def run(self) -> None:
        """Serve, then close the application."""
        if isinstance(self.app, HostApplication):
            self.stall_timeout = self.app.stall_timeout
        for listener in self.sockets:
            # The parent may have stopped listening while this place had no worker.
            listener.listen(BACKLOG)
        self.stage.serve()
        try:
            super().run()
        finally:
            if isinstance(self.app, HostApplication):
                self.app.close()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Start the shutdown."""
        self.stage.end()
        super().handle_exit(sig, frame)

    def set_accept_enabled(self, enabled: bool | None) -> None:
        """Start or stop accepting. At shutdown, close the listeners so that new connections are refused, not queued."""
        super().set_accept_enabled(enabled)
        if not self.alive:
            for listener in self.sockets:
                listener.close()

    def accept(self, listener: socket.socket) -> None:
        """Accept one connection and pass it to the threads."""
        try:
            client, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        self.nr_conns += 1
        connection = Connection(self.cfg, client, address, listener.getsockname())
        connection.stall_timeout = self.stall_timeout
        self.enqueue_req(connection)

    def handle(self, conn: TConn) -> bool:
        """Handle one request. The connection is closed here, in a thread, because closing may wait for the client."""
        keep_alive = super().handle(conn)
        if not keep_alive:
            conn.close(graceful=True)
        return keep_alive

    def handle_request(self, req: Request, conn: TConn) -> bool:
        """Handle one request with a body as required by the contract."""
        if isinstance(req.unreader, TimedUnreader) and req.body is not None:
            # gunicorn would send 100 Continue immediately, even if the application rejects the request unread.
            waiting = conn.sock if vars(req).pop("_expected_100_continue", False) else None
            req.body = Input(req.body.reader, req.unreader, req.force_close, waiting)
        return super().handle_request(req, conn)

    def handle_error(self, req: Request | None, client: socket.socket, addr: object, exc: BaseException) -> None:
        """Respond to a malformed request or an application error with a status only."""
        if isinstance(exc, OSError):
            return
        status = "400 Bad Request" if isinstance(exc, errors.ParseException) else "500 Internal Server Error"
        status = next((status for kind, status in _STATUS.items() if isinstance(exc, kind)), status)
        if not isinstance(exc, errors.ParseException):
            self.log.exception("request failed")
        head = f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        try:
            write_nonblock(client, head.encode())
        except OSError:
            self.log.debug("client disconnected before its request was rejected")
