"""Servers: the one that is always there, and the choice among those that are installed."""

from entrepot.server.choice import choose_server

__all__ = ["choose_server"]
