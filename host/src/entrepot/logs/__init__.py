"""Logs: the access log on standard output, everything else on standard error."""

from entrepot.logs.access_log import AccessLog
from entrepot.logs.lines import LineFormatter, configure_logging

__all__ = ["AccessLog", "LineFormatter", "configure_logging"]
