"""The connections of waitress."""

from __future__ import annotations

from typing import Final

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.receiver import ChunkedReceiver
from waitress.utilities import BadRequest

__all__ = ["PlainChannel"]

_TLS_HANDSHAKE: Final = b"\x16"
"""The first byte of a TLS connection (RFC 8446, section 5.1)."""


_MAX_LINE: Final = 64 * 1024
"""Maximum bytes of a chunk's size line and of the trailer, which waitress itself does not limit."""


class _Parser(HTTPRequestParser):
    """waitress's parser, which rejects requests with an ambiguous end (RFC 9112, 6.1 and 6.2)."""

    def received(self, data: bytes) -> int:
        """Process data from the client; returns how much of it belongs to this request."""
        consumed = super().received(data)
        body = self.body_rcv
        if isinstance(body, ChunkedReceiver) and len(body.control_line) + len(body.trailer) > _MAX_LINE:
            self.error = BadRequest("a chunk's size or the trailer is too long")
            self.completed = True
        return consumed

    def parse_header(self, header_plus: bytes) -> None:
        """Parse the head of a request; raises ParsingError if it is rejected, which closes the connection."""
        try:
            super().parse_header(header_plus)
        except ValueError:  # too many digits for Python
            raise ParsingError("Content-Length is invalid") from None
        if self.version != "1.1" and "TRANSFER_ENCODING" in self.headers:
            raise ParsingError("Transfer-Encoding in HTTP/1.0")
        if self.chunked and "CONTENT_LENGTH" in self.headers:
            raise ParsingError("both Content-Length and Transfer-Encoding")
        if self.body_rcv is None:
            # There is no body to continue with, and waitress would wait for one.
            self.expect_continue = False


class PlainChannel(HTTPChannel):
    """A connection that immediately sends 400 to a client that tries TLS.

    Docker, podman and skopeo try TLS before they fall back to plain HTTP. waitress would treat their handshake as the
    start of a header and wait for its end, and the clients would wait for 10 seconds before every push and pull.
    """

    parser_class = _Parser

    def received(self, data: bytes) -> bool:
        """Process data from the client."""
        if self.request is None and not self.requests and data.startswith(_TLS_HANDSHAKE):
            data = b"TLS\r\n\r\n"
        return super().received(data)
