"""Formatting of log records: one line per record, including a traceback."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime

from entrepot.logs.fields import json_fields, json_value, text_fields, text_value

__all__ = ["LineFormatter", "configure_logging"]


class LineFormatter(logging.Formatter):
    """Formats records as ``time=... level=... msg=...``, or as one JSON object."""

    def __init__(self, *, as_json: bool, fields: Mapping[str, str]) -> None:
        super().__init__()
        self._json = as_json
        self._fields = json_fields(fields) if as_json else text_fields(fields)

    def format(self, record: logging.LogRecord) -> str:
        """Returns a record as one line."""
        values = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": "warn" if record.levelno == logging.WARNING else record.levelname.lower(),
            "msg": record.getMessage(),
            "logger": record.name,
        }
        if record.exc_info:
            values["error"] = self.formatException(record.exc_info)
        if self._json:
            return (
                "{" + ",".join(f'"{name}":{json_value(value)}' for name, value in values.items()) + self._fields + "}"
            )
        return " ".join(f"{name}={text_value(value)}" for name, value in values.items()) + self._fields


def configure_logging(level: str, *, as_json: bool, fields: Mapping[str, str]) -> None:
    """Log every record of at least ``level`` (error, warn, info or debug) to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(as_json=as_json, fields=fields))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel({"warn": logging.WARNING}.get(level, level.upper()))
