"""Detection of secrets in texts, exceptions and log records."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

__all__ = ["chain", "said", "shows"]


def shows(text: str, secrets: set[str]) -> bool:
    """Return whether a text contains one of the secrets, literally or inside the repr of bytes or text."""
    return any(secret in text or repr(secret)[1:-1] in text for secret in secrets)


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and all exceptions that its traceback would show."""
    following: BaseException | None = error
    while following is not None:
        yield following
        following = following.__cause__ or (None if following.__suppress_context__ else following.__context__)


def said(records: Sequence[logging.LogRecord]) -> str:
    """Return the messages and attributes of log records as one text."""
    formatter = logging.Formatter("%(message)s")
    return "\n".join(f"{formatter.format(record)} {vars(record)!r}" for record in records)
