"""What stops a benchmark."""

from __future__ import annotations

__all__ = ["BenchmarkError", "in_one_line"]


class BenchmarkError(Exception):
    """A program is missing, a server did not start, or an answer was not the expected one."""


def in_one_line(error: Exception) -> str:
    """What an error says, without line breaks; for one of the operating system the file and the reason."""
    if isinstance(error, OSError) and error.strerror is not None:
        said = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    else:
        said = str(error)
    return " ".join(said.split())
