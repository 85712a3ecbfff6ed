"""Redirection of gunicorn's log to the host's."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from gunicorn.glogging import Logger

if TYPE_CHECKING:
    from gunicorn.config import Config

__all__ = ["PlainLogger"]


class PlainLogger(Logger):
    """Propagates errors to the root logger. The application writes the access log."""

    def setup(self, cfg: Config) -> None:
        """Omit gunicorn's own handlers, and its messages about requests, which may contain credentials."""
        self.cfg = cfg
        self.error_log.propagate = True
        self.error_log.setLevel(logging.ERROR)

    def access(self, *_: object) -> None:
        """Do nothing."""

    def exception(self, msg: object, *args: object, **options: object) -> None:
        """Log an error with its traceback, unless it is the timeout of a stalled client."""
        if not isinstance(sys.exc_info()[1], TimeoutError):
            self.error_log.error(msg, *args, exc_info=True)
