"""Exceptions."""

from __future__ import annotations

__all__ = ["BenchmarkError", "in_one_line"]


class BenchmarkError(Exception):
    """A program is missing, a server did not start, or a response was not the expected one."""


def in_one_line(error: Exception) -> str:
    """Return the message of an error in one line; for OSError, the file and the reason."""
    if isinstance(error, OSError) and error.strerror is not None:
        message = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    else:
        message = str(error)
    return " ".join(message.split())
