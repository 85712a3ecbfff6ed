"""Runs entrepot on gunicorn, with TLS client certificates as identities."""

from entrepot_server_gunicorn.driver import GunicornServer

__all__ = ["GunicornServer"]
