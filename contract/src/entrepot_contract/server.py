"""The server contract, version 1.0: run the host's WSGI application (PEP 3333) on a socket.

Every sentence below is tested by the kit in ``entrepot_contract.testing``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, Protocol, Self
from wsgiref.types import StartResponse, WSGIEnvironment

from entrepot_contract.options import DriverOptions, parse_options

__all__ = [
    "CLIENT_CERTIFICATE",
    "CLOSE_CONNECTION",
    "INPUT_TIMEOUT",
    "SERVER_CONTRACT_VERSION",
    "Application",
    "ApplicationFactory",
    "ClientCertificate",
    "ServerDriver",
    "ServerSettings",
    "TlsSettings",
]

SERVER_CONTRACT_VERSION: tuple[int, int] = (1, 0)

CLIENT_CERTIFICATE: Final = "entrepot.client_certificate"
"""The key in the WSGI environment under which a server with ``client_certificates`` stores a ClientCertificate."""

INPUT_TIMEOUT: Final = "entrepot.input_timeout"
"""The key in the WSGI environment of a callable that takes seconds: from the call on, all reads of ``wsgi.input``
together wait at most that long for the client, and then raise TimeoutError.

Absent if the server has received the complete body.
"""

CLOSE_CONNECTION: Final = "entrepot.close_connection"
"""The key in the WSGI environment of a callable without arguments, to call before ``start_response``: the response has
``Connection: close`` and is the last on its connection (RFC 9112, 9.6). It has no effect with HTTP/2.

Absent if the server has received the complete body.
"""


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """The common name and the organizational units in the subject of a verified client certificate."""

    common_name: str
    units: tuple[str, ...] = ()


class Application(Protocol):
    """A WSGI application with a ``close`` method, which is called when the worker stops."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]: ...

    def close(self) -> None:
        """Run the shutdown hooks and close the storage; called once, after the last request."""


ApplicationFactory = Callable[[], Application]
"""Creates the application; called once in every worker process, after the fork."""


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """Paths of PEM files, and the minimum protocol version, ``tls1.2`` or ``tls1.3``.

    - The certificate and its key are reloaded when they change; open connections are kept.
    - ``client_cas``: if not empty, a client's certificate must be signed by one of them.
    - ``client_required``: whether the handshake fails for a client without a certificate.
    """

    certificate: str
    key: str
    minimum: str = "tls1.2"
    client_cas: tuple[str, ...] = ()
    client_required: bool = True


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """The address to serve on, and how to serve.

    - ``workers``: number of processes; with 0, the server decides (1 if the storage is not shared).
    - ``threads``: number of requests that one worker handles concurrently; with 0, the server decides.
    - ``shared``: whether several processes may use the storage; otherwise the data exists only in the process that
      serves, and is lost when it ends.
    - ``drain_timeout``: seconds that running requests have to finish after SIGTERM.
    - ``idle_timeout``: seconds that a connection stays open between two requests.
    - ``stall_timeout``: seconds without any data, in a request or a response, after which the client is disconnected.
    - ``http2``: whether to support HTTP/2 in addition to HTTP/1.1; ignored by a server that cannot.
    - ``on_ready``: called once in the parent process, with the bound address, when connections are accepted.
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
    http2: bool = False
    on_ready: Callable[[str, int], None] | None = None


class ServerDriver(ABC):
    """Base class of servers, which are found by name in the entry-point group ``entrepot.server``.

    Requests:

    - The environment is that of PEP 3333; the headers of proxies are passed to the application unchanged.
    - Reads of ``wsgi.input`` return the complete body. A truncated body is never mistaken for a complete one: after
      the last byte received, a read raises OSError, or the body is shorter than its Content-Length, or the server
      responds with 400 itself. A server that cannot detect a truncated chunked body states this in its documentation.
    - Requests do not affect each other: nothing of one appears in another.
    - If the end of a request is ambiguous (RFC 9112, 6.1 and 6.3), its response is the last on the connection.
    - A malformed request gets a status of 4xx or no response, and does not affect other clients. A target of 8,000
      bytes is accepted.
    - ``100 Continue`` is sent at the first read of the body; a server that receives complete bodies sends it earlier.
    - If the application may leave a body unread, INPUT_TIMEOUT and CLOSE_CONNECTION are in the environment.

    Responses:

    - They are sent in the order of the requests (RFC 9112, 9.3.2), with all header fields of the application.
    - The response to HEAD and those with status 204 and 304 have no body; a larger one is sent completely.
    - If its iterator raises, a response is recognizably incomplete. An exception of the application before it is a
      response with status 500 that does not show the exception.
    - Its iterable is closed when the response ends, however that is (PEP 3333, "close").
    - A client that disconnects does not affect others.
    - ``threads`` requests run concurrently, whether or not other clients stall.
    """

    name: ClassVar[str]
    """The entry point's name in the group ``entrepot.server``."""

    contract: ClassVar[tuple[int, int]]
    """The version of this contract that the server was written for."""

    Options: ClassVar[type[DriverOptions]]
    """The options of the server, in addition to the settings that all servers have; often there are none."""

    priority: ClassVar[int] = 0
    """The rank among the installed servers if the configuration names none.

    The default is the compatible server with the highest priority that supports the configuration; of several, the
    first one by name.
    """

    multiprocess: ClassVar[bool]
    """Whether it can run more than one worker process."""

    tls: ClassVar[bool]
    """Whether it can terminate TLS itself."""

    client_certificates: ClassVar[bool] = False
    """Whether it passes the client's certificate to the application; see CLIENT_CERTIFICATE."""

    @abstractmethod
    def __init__(self, options: DriverOptions) -> None:
        """Store the options; open no socket, start no thread."""

    @classmethod
    def from_config(cls, config: Mapping[str, object]) -> Self:
        """Return a server for its section of the configuration.

        Raises ConfigError if an option is unknown, missing or wrong.
        """
        return cls(parse_options(cls.Options, config, driver=cls.name))

    @abstractmethod
    def serve(self, factory: ApplicationFactory, settings: ServerSettings) -> None:
        """Serve until SIGTERM or SIGINT, then drain running requests, close each application and return.

        - Raises OSError if the address cannot be bound or a PEM file cannot be used.
        - An exception of the factory at the start is raised, or logged and followed by an exit with a status other
          than 0.
        - After the signal, new connections are refused, idle ones are closed, and requests that have not ended after
          ``drain_timeout`` are aborted.
        - No signal is lost, however early it arrives; several signals to all processes are the same as one.
        - Connections are distributed over the workers. A worker that dies is replaced, repeatedly if necessary, and
          connections that wait for it are served; one that gets SIGTERM is replaced before its last request ends.
        """
