"""The contract for servers: what puts the host's WSGI application on a socket (PEP 3333)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final, Protocol
from wsgiref.types import StartResponse, WSGIEnvironment

__all__ = [
    "CLIENT_CERTIFICATE",
    "CLOSE_CONNECTION",
    "INPUT_TIMEOUT",
    "Application",
    "ApplicationFactory",
    "ClientCertificate",
    "ServerDriver",
    "ServerSettings",
    "TlsSettings",
]

CLIENT_CERTIFICATE: Final = "entrepot.client_certificate"
"""The key of the WSGI environment under which a server with ``client_certificates`` puts a ClientCertificate."""

INPUT_TIMEOUT: Final = "entrepot.input_timeout"
"""The key of the WSGI environment for a callable that takes seconds: from the call on, all reads of ``wsgi.input``
together wait at most that long for the client, and then raise TimeoutError.

Absent where the server has received the whole body.
"""

CLOSE_CONNECTION: Final = "entrepot.close_connection"
"""The key of the WSGI environment for a callable without arguments, called before ``start_response``: the answer says
``Connection: close`` and is the last on its connection (RFC 9112, 9.6). In HTTP/2 it does nothing.

Absent where the server has received the whole body.
"""


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """Of the certificate that a client proved to own: its subject's common name, and its organizational units."""

    common_name: str
    units: tuple[str, ...] = ()


class Application(Protocol):
    """A WSGI application that is told when its worker ends."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]: ...

    def close(self) -> None:
        """Run the shutdown hooks and let go of the storage; called once, after the last request."""


ApplicationFactory = Callable[[], Application]
"""Makes the application; called once in every worker process, after it was forked."""


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """Paths of PEM files, and the least protocol version, ``tls1.2`` or ``tls1.3``.

    - The certificate and its key are read again when they change; connections that are open go on.
    - ``client_cas``: where there are any, a client's certificate has to come from one of them.
    - ``client_required``: whether a client without a certificate is refused in the handshake.
    """

    certificate: str
    key: str
    minimum: str = "tls1.2"
    client_cas: tuple[str, ...] = ()
    client_required: bool = True


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Where and how to serve.

    - ``workers``: processes; 0 leaves the number to the server, 1 where the storage is not shared.
    - ``threads``: requests that one worker handles at the same time; 0 leaves it to the server.
    - ``shared``: whether several processes may serve at the same time; else the storage lives in the one that serves,
      and ends with it.
    - ``drain_timeout``: seconds that running requests get to end after SIGTERM.
    - ``idle_timeout``: seconds that a connection stays open between two requests.
    - ``stall_timeout``: seconds without a byte after which a client in mid-request or mid-answer is disconnected.
    - ``on_ready``: called once in the parent, with the address that was bound, when connections are accepted.
    """

    host: str
    port: int
    workers: int = 0
    threads: int = 0
    shared: bool = True
    drain_timeout: float = 30.0
    idle_timeout: float = 620.0
    stall_timeout: float = 120.0
    tls: TlsSettings | None = None
    on_ready: Callable[[str, int], None] | None = None
    extra: Mapping[str, object] = field(default_factory=dict)


class ServerDriver(ABC):
    """One way to serve; found by name in the entry-point group ``entrepot.server``.

    - Reads of ``wsgi.input`` give the whole body. One that breaks off is never taken for whole: after its last good
      byte a read raises OSError, or it is shorter than its Content-Length, or the server answers 400 itself. A server
      that cannot tell how a body in chunks ended says so in its documentation.
    - Where it is in doubt where a request ends (RFC 9112, 6.1 and 6.3), the answer is the last on its connection.
    - ``100 Continue`` is sent at the first read of the body, or where the server receives whole bodies, before it.
    - An application that may leave a body unread finds INPUT_TIMEOUT and CLOSE_CONNECTION in the environment.
    """

    name: ClassVar[str]
    contract: ClassVar[tuple[int, int]]
    multiprocess: ClassVar[bool]
    """Whether it can run more than one worker process."""
    tls: ClassVar[bool]
    """Whether it can serve TLS itself."""
    client_certificates: ClassVar[bool] = False
    """Whether it tells the application whose certificate a client has; see CLIENT_CERTIFICATE."""

    @abstractmethod
    def serve(self, factory: ApplicationFactory, settings: ServerSettings) -> None:
        """Serve until SIGTERM or SIGINT, then drain running requests, close each application and return.

        Raises OSError where the address cannot be bound.
        """
