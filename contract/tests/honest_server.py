"""A small server on wsgiref, correct as far as it goes: the base class of the broken ones."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable
from socketserver import ThreadingMixIn
from typing import ClassVar
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from wsgiref.types import StartResponse, WSGIEnvironment

from entrepot_contract import DriverOptions
from entrepot_contract.server import Application, ApplicationFactory, ServerDriver, ServerSettings


class Threads(ThreadingMixIn, WSGIServer):
    """One thread per connection, and ``server_close`` waits for all of them."""

    daemon_threads = False


class Handler(WSGIRequestHandler):
    """Logs nothing."""

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name in the base class
        """Do nothing."""


class Body:
    """The body of a request with a length; wsgiref's own would wait for more at its end."""

    def __init__(self, environ: WSGIEnvironment) -> None:
        self.source = environ["wsgi.input"]
        self.left = int(environ.get("CONTENT_LENGTH") or 0)

    def read(self, size: int) -> bytes:
        data: bytes = self.source.read(min(size, self.left))
        self.left -= len(data)
        return data


class HonestServer(ServerDriver):
    """HTTP/1.0 with one request per connection, in one process."""

    name: ClassVar[str] = "honest-threads"
    contract: ClassVar[tuple[int, int]] = (1, 0)
    Options: ClassVar[type[DriverOptions]] = DriverOptions
    multiprocess: ClassVar[bool] = False
    tls: ClassVar[bool] = False

    def __init__(self, options: DriverOptions) -> None:
        self.options = options

    def serve(self, factory: ApplicationFactory, settings: ServerSettings) -> None:
        server = self.bind(settings)
        application = factory()
        server.set_app(lambda environ, start: self.call(application, environ, start))
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop(server))
        self.ready(settings, server.server_port)
        server.serve_forever(poll_interval=0.05)
        server.server_close()
        self.close(application)

    def bind(self, settings: ServerSettings) -> Threads:
        return Threads((settings.host, settings.port), Handler)

    def ready(self, settings: ServerSettings, port: int) -> None:
        if settings.on_ready is not None:
            settings.on_ready(settings.host, port)

    def call(self, application: Application, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        environ["wsgi.input"] = Body(environ)
        return application(environ, start)

    def stop(self, server: Threads) -> None:
        # In a thread, because it waits for ``serve_forever``, which this signal has interrupted.
        threading.Thread(target=server.shutdown).start()

    def close(self, application: Application) -> None:
        application.close()
