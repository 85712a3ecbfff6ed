"""gunicorn's log, in the log of the host."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from gunicorn.glogging import Logger

if TYPE_CHECKING:
    from gunicorn.config import Config

__all__ = ["PlainLogger"]


class PlainLogger(Logger):
    """Errors alone, to where all other records go; the access log is the application's."""

    def setup(self, cfg: Config) -> None:
        """Leave out gunicorn's own handlers, and what it says of requests, which may hold credentials."""
        self.cfg = cfg
        self.error_log.propagate = True
        self.error_log.setLevel(logging.ERROR)

    def access(self, *_: object) -> None:
        """Log nothing."""

    def exception(self, msg: object, *args: object, **options: object) -> None:
        """Log an error with its traceback, unless it is only a client that stalled."""
        if not isinstance(sys.exc_info()[1], TimeoutError):
            self.error_log.error(msg, *args, exc_info=True)
