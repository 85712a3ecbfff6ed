"""The address to listen on, in Go's form."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from pydantic import BeforeValidator

__all__ = ["Address", "ListenAddress", "parse_address"]


class Address(NamedTuple):
    """A host (empty for all interfaces) and a TCP port (0 for any free port)."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(value: object) -> Address:
    """Returns the address in ``":5000"``, ``"host:5000"`` or ``"[::1]:5000"``.

    Raises ValueError for anything else.
    """
    if isinstance(value, Address):
        return value
    host, colon, port = str(value).rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    host = host[1:-1] if bracketed else host
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535 or (":" in host) is not bracketed:
        raise ValueError("is not an address; use for example :5000, 127.0.0.1:5000 or [::1]:5000")
    return Address(host, int(port))


ListenAddress = Annotated[Address, BeforeValidator(parse_address)]
