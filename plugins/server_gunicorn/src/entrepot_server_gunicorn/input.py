"""Bodies of requests: what the contract of servers asks of them, on top of gunicorn's readers."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

from gunicorn.http.body import Body, ChunkedReader, EOFReader, LengthReader
from gunicorn.http.errors import NoMoreData, ParseException
from gunicorn.http.unreader import SocketUnreader

__all__ = ["Input", "TimedUnreader"]

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class TimedUnreader(SocketUnreader):
    """gunicorn's reader of a socket; after ``deadline``, in seconds of time.monotonic, it waits no longer."""

    deadline: float | None = None

    def chunk(self, size_hint: int | None = None) -> bytes:
        """The next bytes; raises TimeoutError where the client sends none in time."""
        if self.deadline is None:
            return super().chunk(size_hint)  # type: ignore[call-arg]  # its types are older
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the client did not send its body in time")
        before = self.sock.gettimeout()
        self.sock.settimeout(left)
        try:
            return super().chunk(size_hint)  # type: ignore[call-arg]  # the same
        finally:
            self.sock.settimeout(before)


class Input(Body):
    """A request's body; what breaks off raises OSError, after all bytes before the fault.

    ``100 Continue`` is sent when the application first reads, to a client that waits for it.
    """

    def __init__(
        self,
        reader: ChunkedReader | LengthReader | EOFReader,
        unreader: TimedUnreader,
        close: Callable[[], None],
        waiting: socket.socket | None,
    ) -> None:
        super().__init__(reader)
        unreader.deadline = None
        self._unreader = unreader
        self._waiting = waiting
        self._fault: Exception | None = None
        self.close_connection = close

    def limit(self, seconds: float) -> None:
        """See INPUT_TIMEOUT."""
        self._unreader.deadline = time.monotonic() + seconds

    def read(self, size: int | None = None) -> bytes:
        """At most ``size`` bytes; none at the end."""
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            waiting.sendall(_CONTINUE)
        if self._fault is not None and not self.buf.tell():
            raise OSError(f"the body broke off: {self._fault}") from self._fault
        return super().read(size)

    def _read_reader(self, size: int) -> bytes:
        if self._fault is not None:
            return b""
        try:
            return self.reader.read(size)
        except (ParseException, NoMoreData) as error:
            self.failed = True
            self._fault = error
            self.close_connection()
            # What came before the fault; there is nothing after it.
            return self.reader.read(size)
        except OSError:
            # The rest of the body would be taken for the next request.
            self.failed = True
            self.close_connection()
            raise
