"""The connections of waitress."""

from __future__ import annotations

from typing import Final

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.receiver import ChunkedReceiver
from waitress.utilities import BadRequest

__all__ = ["PlainChannel"]

_TLS_HANDSHAKE: Final = b"\x16"
"""The first byte of a connection that begins with TLS (RFC 8446, section 5.1)."""


_MAX_LINE: Final = 64 * 1024
"""Bytes of a chunk's size, and of the trailer; waitress would take any number into memory."""


class _Parser(HTTPRequestParser):
    """waitress's parser, which refuses what leaves in doubt where a request ends (RFC 9112, 6.1 and 6.2)."""

    def received(self, data: bytes) -> int:
        """Take in what the client sent; returns how much of it belongs to this request."""
        consumed = super().received(data)
        body = self.body_rcv
        if isinstance(body, ChunkedReceiver) and len(body.control_line) + len(body.trailer) > _MAX_LINE:
            self.error = BadRequest("a chunk's size or the trailer is too long")
            self.completed = True
        return consumed

    def parse_header(self, header_plus: bytes) -> None:
        """Take in the head of a request; raises ParsingError where it is refused, which ends the connection."""
        try:
            super().parse_header(header_plus)
        except ValueError:  # Python reads no number of so many digits
            raise ParsingError("Content-Length is invalid") from None
        if self.version != "1.1" and "TRANSFER_ENCODING" in self.headers:
            raise ParsingError("Transfer-Encoding in HTTP/1.0")
        if self.chunked and "CONTENT_LENGTH" in self.headers:
            raise ParsingError("Content-Length beside Transfer-Encoding")
        if self.body_rcv is None:
            # There is nothing to continue with, and waitress would wait for it.
            self.expect_continue = False


class PlainChannel(HTTPChannel):
    """A connection on which a client that tries TLS is answered at once, with 400.

    Docker, podman and skopeo try TLS before they fall back to plain HTTP. waitress takes what they send for the
    beginning of a header and waits for its end, and so would they, for 10 seconds before every push and pull.
    """

    parser_class = _Parser

    def received(self, data: bytes) -> bool:
        """Take in what the client sent."""
        if self.request is None and not self.requests and data.startswith(_TLS_HANDSHAKE):
            data = b"TLS\r\n\r\n"
        return super().received(data)
