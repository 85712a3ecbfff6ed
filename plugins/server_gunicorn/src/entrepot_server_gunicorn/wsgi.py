"""The host's application for gunicorn's workers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from gunicorn.app.base import BaseApplication

from entrepot_contract.server import (
    CLIENT_CERTIFICATE,
    CLOSE_CONNECTION,
    INPUT_TIMEOUT,
    Application,
    ApplicationFactory,
)
from entrepot_contract.toolkit.downloads import Downloads
from entrepot_contract.toolkit.header_names import with_usual_names
from entrepot_server_gunicorn.input import Input
from entrepot_server_gunicorn.tls import client_certificate

__all__ = ["HostApplication"]


class HostApplication(BaseApplication):
    """gunicorn settings from code only: no file, no command line, no environment."""

    def __init__(self, factory: ApplicationFactory, options: Mapping[str, object], stall_timeout: float) -> None:
        self.stall_timeout = stall_timeout
        self._factory = factory
        self._options = options
        self._application: Application | None = None
        super().__init__()

    def load_config(self) -> None:
        """Apply the options."""
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> WSGIApplication:  # type: ignore[override]  # its own type is narrower than PEP 3333
        """Build the application and wrap it to pass on client certificates. Called once in each worker."""
        self._application = self._factory()
        application = with_usual_names(self._application)

        def certified(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            # Headers are prefixed with HTTP_, so no client can set this key.
            if certificate := client_certificate(environ["gunicorn.socket"]):
                environ[CLIENT_CERTIFICATE] = certificate
            if isinstance(body := environ["wsgi.input"], Input):
                environ[INPUT_TIMEOUT], environ[CLOSE_CONNECTION] = body.limit, body.close_connection
            return application(environ, start_response)

        return Downloads(self.cfg.threads).wrap(certified)

    def close(self) -> None:
        """Close the application."""
        if self._application is not None:
            self._application.close()
