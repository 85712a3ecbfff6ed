"""The connections of waitress."""

from __future__ import annotations

from typing import Final

from waitress.channel import HTTPChannel

__all__ = ["PlainChannel"]

_TLS_HANDSHAKE: Final = b"\x16"
"""The first byte of a connection that begins with TLS (RFC 8446, section 5.1)."""


class PlainChannel(HTTPChannel):
    """A connection on which a client that tries TLS is answered at once, with 400.

    Docker, podman and skopeo try TLS before they fall back to plain HTTP. waitress takes what they send for the
    beginning of a header and waits for its end, and so would they, for 10 seconds before every push and pull.
    """

    def received(self, data: bytes) -> bool:
        """Take in what the client sent."""
        if self.request is None and not self.requests and data.startswith(_TLS_HANDSHAKE):
            data = b"TLS\r\n\r\n"
        return super().received(data)
