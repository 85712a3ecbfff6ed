"""Request bodies as required by the server contract, on top of gunicorn's readers."""

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
    """gunicorn's socket reader with a deadline, in seconds of time.monotonic."""

    deadline: float | None = None

    def chunk(self, size_hint: int | None = None) -> bytes:
        """Return the next bytes. Raises TimeoutError if the client sends none before the deadline."""
        if self.deadline is None:
            return super().chunk(size_hint)  # type: ignore[call-arg]  # its type stubs are older
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the client did not send its body in time")
        before = self.sock.gettimeout()
        self.sock.settimeout(left)
        try:
            return super().chunk(size_hint)  # type: ignore[call-arg]  # as above
        finally:
            self.sock.settimeout(before)


class Input(Body):
    """A request body. A truncated or malformed body raises OSError after all bytes before the error.

    ``100 Continue`` is sent on the first read, if the client expects it.
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
        self._error: Exception | None = None
        self.close_connection = close

    def limit(self, seconds: float) -> None:
        """Set the deadline of all further reads, see INPUT_TIMEOUT."""
        self._unreader.deadline = time.monotonic() + seconds

    def read(self, size: int | None = None) -> bytes:
        """Return at most ``size`` bytes, or ``b""`` at the end. Raises OSError if the body is incomplete."""
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            waiting.sendall(_CONTINUE)
        if self._error is not None and not self.buf.tell():
            raise OSError(f"incomplete request body: {self._error}") from self._error
        return super().read(size)

    def _read_reader(self, size: int) -> bytes:
        if self._error is not None:
            return b""
        try:
            return self.reader.read(size)
        except (ParseException, NoMoreData) as error:
            self.failed = True
            self._error = error
            self.close_connection()
            # Return the bytes before the error; there are none after it.
            return self.reader.read(size)
        except OSError:
            # The rest of the body would be parsed as the next request.
            self.failed = True
            self.close_connection()
            raise
