"""Detection of secrets in texts, exceptions and log records."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, Secret, SecretBytes, SecretStr

__all__ = ["chain", "said", "secrets_of", "shows", "text_of"]

SHORTEST: Final = 6
NAMES: Final = re.compile(r"(pass(word|wd|phrase)?|secret|(private|account|secret|api)_?key|sas|token)$", re.IGNORECASE)


def secrets_of(options: object) -> set[str]:
    """Return the secrets in options, except short ones, which may be ordinary words of a message.

    They are the values of pydantic's secret types, those with a name like "password", and passwords in URLs.
    """
    return {secret for secret in _secrets("", options, hidden=False) if len(secret) >= SHORTEST}


def _secrets(name: str, value: object, *, hidden: bool) -> Iterator[str]:
    hidden = hidden or NAMES.search(name) is not None
    if isinstance(value, SecretStr | SecretBytes):
        yield from _secrets(name, value.get_secret_value(), hidden=True)
    elif isinstance(value, Secret):
        # Several values, of which most are no secrets: hosts, ports and names of users.
        kept = value.get_secret_value()
        yield from _secrets(name, kept, hidden=isinstance(kept, str | bytes))
    elif isinstance(value, BaseModel):
        for field in type(value).model_fields:
            yield from _secrets(field, getattr(value, field), hidden=hidden)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _secrets(str(key), inner, hidden=hidden)
    elif isinstance(value, list | tuple | set | frozenset):
        for inner in value:
            yield from _secrets(name, inner, hidden=hidden)
    elif isinstance(value, bytes) and hidden:
        yield value.decode("utf-8", "replace")
    elif isinstance(value, str):
        yield from [value] if hidden else _password(value)


def _password(url: str) -> Iterator[str]:
    try:
        password = urlsplit(url).password if "://" in url else None
    except ValueError:
        return
    if password:
        yield from {password, unquote(password)}


def text_of(error: BaseException) -> str:
    """Return everything that a traceback or a log may show of an exception, without those that it followed."""
    return f"{error!s} {error!r} {error.args!r} {getattr(error, '__notes__', '')}"


def shows(text: str, secrets: set[str]) -> bool:
    """Return whether a text contains one of the secrets, literally or inside the repr of bytes or text."""
    return any(secret in text or repr(secret)[1:-1] in text for secret in secrets)


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and all exceptions that its traceback would show."""
    following: BaseException | None = error
    seen: set[int] = set()  # an SDK may raise an exception from one that it is itself the context of
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        following = following.__cause__ or (None if following.__suppress_context__ else following.__context__)


def said(records: Sequence[logging.LogRecord]) -> str:
    """Return the messages and attributes of log records as one text."""
    formatter = logging.Formatter("%(message)s")
    return "\n".join(f"{formatter.format(record)} {vars(record)!r}" for record in records)
