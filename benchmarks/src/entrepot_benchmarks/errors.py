"""What stops a benchmark."""

from __future__ import annotations

__all__ = ["BenchmarkError"]


class BenchmarkError(Exception):
    """A program is missing, a server did not start, or an answer was not the expected one."""
