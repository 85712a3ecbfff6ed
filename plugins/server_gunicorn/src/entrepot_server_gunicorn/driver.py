"""The gunicorn server driver."""

from __future__ import annotations

import logging
import os
import ssl
from contextlib import ExitStack
from typing import ClassVar, Final

from entrepot_contract import DriverOptions
from entrepot_contract.server import ApplicationFactory, ServerDriver, ServerSettings
from entrepot_contract.toolkit.places import open_places
from entrepot_contract.toolkit.reloading import FreshFiles
from entrepot_server_gunicorn.arbiter import Arbiter
from entrepot_server_gunicorn.log import PlainLogger
from entrepot_server_gunicorn.tls import fresh_context
from entrepot_server_gunicorn.worker import BACKLOG, Worker
from entrepot_server_gunicorn.wsgi import HostApplication

__all__ = ["GunicornServer"]

# Threads are started on demand. A stalled client occupies one, so there are far more threads than cores.
_THREADS: Final = 512
_CONNECTIONS: Final = 4096
_HEADER_BYTES: Final = 64 * 1024
_FROM_ENVIRONMENT: Final = ("GUNICORN_PID", "SCRIPT_NAME")

_log = logging.getLogger(__name__)


class GunicornServer(ServerDriver):
    """A server driver based on gunicorn's threaded workers, for HTTP/1.1."""

    name: ClassVar[str] = "gunicorn"
    contract: ClassVar[tuple[int, int]] = (1, 0)
    Options: ClassVar[type[DriverOptions]] = DriverOptions
    priority: ClassVar[int] = 20
    multiprocess: ClassVar[bool] = True
    tls: ClassVar[bool] = True
    client_certificates: ClassVar[bool] = True

    def __init__(self, options: DriverOptions) -> None:
        """Create the server, which has no options."""

    def serve(self, factory: ApplicationFactory, settings: ServerSettings) -> None:
        """Serve in worker processes until SIGTERM or SIGINT.

        Raises OSError if the address cannot be bound or a PEM file cannot be used.
        """
        for name in _FROM_ENVIRONMENT:
            os.environ.pop(name, None)
        context = fresh_context(settings.tls) if settings.tls else None
        workers = settings.workers or _cores()
        places = open_places(settings.host, settings.port, workers, BACKLOG, settings.stall_timeout)
        with ExitStack() as sockets:
            for place in places:
                sockets.enter_context(place.listener)
            port = places[0].listener.getsockname()[1]
            application = HostApplication(factory, _options(settings, workers, context), settings.stall_timeout)
            Arbiter(application, places, lambda: _ready(settings, port)).serve()
        _log.info("all workers stopped")


def _ready(settings: ServerSettings, port: int) -> None:
    if settings.on_ready is not None:
        settings.on_ready(settings.host, port)


def _options(settings: ServerSettings, workers: int, context: FreshFiles[ssl.SSLContext] | None) -> dict[str, object]:
    options: dict[str, object] = {
        "worker_class": Worker,
        "logger_class": PlainLogger,
        "workers": workers,
        "threads": settings.threads or _THREADS,
        "worker_connections": _CONNECTIONS,
        "keepalive": max(1, round(settings.idle_timeout)),
        "graceful_timeout": max(1, round(settings.drain_timeout)),
        # No heartbeat timeout: a worker's main loop never waits for a request.
        "timeout": 0,
        "limit_request_line": 8190,
        "limit_request_field_size": _HEADER_BYTES,
        "http_protocols": "h1",
        "control_socket_disable": True,
        "sendfile": False,
        # The application evaluates the headers of proxies.
        "forwarded_allow_ips": "",
        "forwarder_headers": "",
        "secure_scheme_headers": {},
        "raw_env": [],
    }
    if settings.tls and context:
        options["certfile"], options["keyfile"] = settings.tls.certificate, settings.tls.key
        options["ssl_context"] = lambda _config, _default: context.value()
    return options


def _cores() -> int:
    """Return the number of usable cores, which in a container may be lower than that of the machine."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
