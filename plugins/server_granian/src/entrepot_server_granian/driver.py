"""The granian server driver."""

from __future__ import annotations

import logging
import math
import multiprocessing
import os
from contextlib import ExitStack
from typing import ClassVar

from granian.constants import HTTPModes, Interfaces, SSLProtocols
from granian.http import HTTP1Settings, HTTP2Settings
from granian.log import LogLevels

from entrepot_contract import DriverOptions
from entrepot_contract.server import ApplicationFactory, ServerDriver, ServerSettings
from entrepot_contract.toolkit.places import open_places
from entrepot_server_granian.certificate import fresh_pair
from entrepot_server_granian.supervisor import Supervisor

__all__ = ["GranianServer"]

# A worker starts threads on demand and stops idle ones, so a high limit costs nothing. Uploads and downloads mostly
# wait for slow clients, so there are far more threads than cores.
_THREADS = 512
_THREADS_IDLE_SECONDS = 30
_CONNECTIONS = 4096
_BACKLOG = 1024

# Flow-control window: the number of bytes that a client may send before the server has read them. It only fills up if
# data arrives faster than it is stored.
_HTTP2_WINDOW = 4 * 2**20

_TLS_VERSIONS = {"tls1.2": SSLProtocols.tls12, "tls1.3": SSLProtocols.tls13}

# granian's parent process and its Rust code log to this logger; propagate its records to the root logger.
_LOGGING = {"loggers": {"_granian": {"handlers": [], "level": "ERROR", "propagate": True}}}


class GranianServer(ServerDriver):
    """A server driver based on granian, for HTTP/1.1 and HTTP/2, with and without TLS."""

    name: ClassVar[str] = "granian"
    contract: ClassVar[tuple[int, int]] = (1, 0)
    Options: ClassVar[type[DriverOptions]] = DriverOptions
    priority: ClassVar[int] = 30
    multiprocess: ClassVar[bool] = True
    tls: ClassVar[bool] = True

    def __init__(self, options: DriverOptions) -> None:
        """Create the server, which has no options."""

    def serve(self, factory: ApplicationFactory, settings: ServerSettings) -> None:
        """Serve in worker processes until SIGTERM or SIGINT.

        Raises OSError if the address cannot be bound or a PEM file cannot be read.
        """
        # Since Python 3.14 the default is "forkserver", which would not inherit the listening sockets.
        multiprocessing.set_start_method("fork", force=True)
        pair = fresh_pair(settings.tls) if settings.tls else None
        workers = settings.workers or _cores()
        places = open_places(settings.host, settings.port, workers, _BACKLOG, settings.stall_timeout)
        with ExitStack() as sockets:
            for place in places:
                sockets.enter_context(place.listener)
            port = places[0].listener.getsockname()[1]
            server = Supervisor(
                "entrepot",
                address=settings.host,
                port=port,
                interface=Interfaces.WSGI,
                workers=workers,
                blocking_threads=settings.threads or _THREADS,
                blocking_threads_idle_timeout=_THREADS_IDLE_SECONDS,
                # Limits connections, including idle keep-alive ones.
                backpressure=_CONNECTIONS,
                backlog=_BACKLOG,
                http=HTTPModes.auto if settings.http2 else HTTPModes.http1,
                http1_settings=HTTP1Settings(header_read_timeout=round(settings.idle_timeout * 1000)),
                http2_settings=HTTP2Settings(
                    initial_connection_window_size=_HTTP2_WINDOW, initial_stream_window_size=_HTTP2_WINDOW
                ),
                websockets=False,
                log_level=LogLevels.error,
                log_dictconfig=_LOGGING,
                log_access=False,
                respawn_failed_workers=True,
                respawn_interval=0,
                workers_kill_timeout=max(1, math.ceil(settings.drain_timeout)),
            )
            server.places = places
            server.replaceable = settings.shared
            server.stall_timeout = settings.stall_timeout
            if settings.tls is not None:
                server.pair = pair
                server.least_tls = str(_TLS_VERSIONS[settings.tls.minimum])
            if settings.on_ready is not None:
                ready = settings.on_ready
                server.on_startup(lambda: ready(settings.host, port))
            server.serve_workers(lambda _target: factory)
        logging.getLogger(__name__).info("all workers stopped")


def _cores() -> int:
    """Return the number of usable cores, which in a container may be lower than that of the machine."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
