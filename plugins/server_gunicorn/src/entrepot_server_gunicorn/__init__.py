"""Serve entrepot with gunicorn: TLS whose client certificates become identities."""

from entrepot_server_gunicorn.driver import GunicornServer

__all__ = ["GunicornServer"]
