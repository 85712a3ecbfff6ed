"""Servers: the built-in one, and the choice among the installed ones."""

from entrepot.server.choice import choose_server
from entrepot.server.tls import check_tls

__all__ = ["check_tls", "choose_server"]
