"""Pagination: the parameters ``n`` and ``last``, and the Link header for the next page."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from urllib.parse import urlencode

import falcon

from entrepot.errors import PaginationNumberInvalid

__all__ = ["next_link", "page", "requested_number"]

_MAX_DIGITS = 18


def requested_number(req: falcon.Request, default: int) -> int:
    """Returns the requested number of results; raises PaginationNumberInvalid if ``n`` is not a number."""
    text = req.get_param("n")
    if not text:
        return default
    if not (text.isascii() and text.isdigit()) or len(text) > _MAX_DIGITS:
        raise PaginationNumberInvalid({"n": text[:_MAX_DIGITS]})
    return int(text)


def page(names: Iterator[str], number: int) -> tuple[list[str], bool]:
    """Returns the next ``number`` names, and whether there are more."""
    found = list(islice(names, number))
    return found, number > 0 and next(names, None) is not None


def next_link(resp: falcon.Response, path: str, **params: str | int) -> None:
    """Add the Link header for the next page (RFC 8288)."""
    resp.append_header("Link", f'<{path}?{urlencode(params)}>; rel="next"')
