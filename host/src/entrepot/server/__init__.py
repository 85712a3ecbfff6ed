"""Servers: the one that is always there, and the choice among those that are installed."""

from entrepot.server.choice import choose_server
from entrepot.server.tls import check_tls

__all__ = ["check_tls", "choose_server"]
