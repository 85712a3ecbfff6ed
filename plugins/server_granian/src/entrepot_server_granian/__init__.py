"""Runs entrepot on granian: streamed bodies, HTTP/2, TLS, one worker per core."""

from entrepot_server_granian.driver import GranianServer

__all__ = ["GranianServer"]
