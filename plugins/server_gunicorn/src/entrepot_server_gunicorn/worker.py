"""What one worker process does: build the application, serve it with threads, and close it."""

from __future__ import annotations

import signal
import socket
from types import FrameType
from typing import TYPE_CHECKING, Final

from gunicorn.http import errors, wsgi
from gunicorn.util import write_nonblock
from gunicorn.workers.gthread import ThreadWorker

from entrepot_contract.places import Stage
from entrepot_server_gunicorn.connection import Connection
from entrepot_server_gunicorn.input import Input, TimedUnreader
from entrepot_server_gunicorn.wsgi import HostApplication

if TYPE_CHECKING:
    from gunicorn.http import Request
    from gunicorn.workers.gthread import TConn

__all__ = ["BACKLOG", "STOPPING", "Worker"]

BACKLOG: Final = 1024
"""How many connections may wait for one worker."""

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
    """gunicorn's threaded worker, whose main loop waits for no client."""

    stage: Stage
    """Shared with the parent, which sets it before the fork."""
    stall_timeout: float
    """Seconds without a byte after which a client is disconnected."""
    born: float
    """When it was started (``time.monotonic``)."""

    def init_process(self) -> None:
        """Serve until told to end."""
        # The only place where gunicorn lets its name be left out of every answer.
        wsgi.Response = _Response  # type: ignore[misc]
        super().init_process()

    def init_signals(self) -> None:
        """Take SIGTERM from now on, also one that came before."""
        super().init_signals()
        # Ctrl-C and a hangup go to every process of a terminal, and what rotates logs sends the others to every process
        # of a service; the parent tells its workers to end.
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)

    def run(self) -> None:
        """Serve, then close the application."""
        if isinstance(self.app, HostApplication):
            self.stall_timeout = self.app.stall_timeout
        for listener in self.sockets:
            # The parent may have ended it, where this place was without a worker for long.
            listener.listen(BACKLOG)
        self.stage.serve()
        try:
            super().run()
        finally:
            if isinstance(self.app, HostApplication):
                self.app.close()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end."""
        self.stage.end()
        super().handle_exit(sig, frame)

    def set_accept_enabled(self, enabled: bool | None) -> None:
        """Accept connections, or not; at the end, let those that none would take be refused, not wait."""
        super().set_accept_enabled(enabled)
        if not self.alive:
            for listener in self.sockets:
                listener.close()

    def accept(self, listener: socket.socket) -> None:
        """Take one connection to the threads."""
        try:
            client, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        self.nr_conns += 1
        connection = Connection(self.cfg, client, address, listener.getsockname())
        connection.stall_timeout = self.stall_timeout
        self.enqueue_req(connection)

    def handle(self, conn: TConn) -> bool:
        """Handle one request; an end of the connection that waits for the client waits here, in a thread."""
        again = super().handle(conn)
        if not again:
            conn.close(graceful=True)
        return again

    def handle_request(self, req: Request, conn: TConn) -> bool:
        """Handle one request, whose body is as the contract asks."""
        if isinstance(req.unreader, TimedUnreader) and req.body is not None:
            # gunicorn would ask for the body at once, also where the application refuses it unread.
            waiting = conn.sock if vars(req).pop("_expected_100_continue", False) else None
            req.body = Input(req.body.reader, req.unreader, req.force_close, waiting)
        return super().handle_request(req, conn)

    def handle_error(self, req: Request | None, client: socket.socket, addr: object, exc: BaseException) -> None:
        """Answer what is no request, or what the application failed at, with a status and nothing of either."""
        if isinstance(exc, OSError):
            return
        status = "400 Bad Request" if isinstance(exc, errors.ParseException) else "500 Internal Server Error"
        status = next((status for kind, status in _STATUS.items() if isinstance(exc, kind)), status)
        if not isinstance(exc, errors.ParseException):
            self.log.exception("a request failed")
        head = f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        try:
            write_nonblock(client, head.encode())
        except OSError:
            self.log.debug("the client has gone before its request was refused")
