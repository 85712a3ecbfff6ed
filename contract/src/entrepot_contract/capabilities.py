"""The capabilities of storage drivers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

__all__ = ["Capabilities", "SignedMethod"]

SignedMethod = Literal["GET", "HEAD"]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The capabilities of one configured instance of a driver; the kit tests every field both ways.

    - ``create``: ``WriteMode.CREATE`` is atomic across all processes that see the data.
    - ``shared``: other processes and hosts see the same data.
    - ``durable``: data survives power loss after ``put`` or ``upload_commit`` has returned.
    - ``move``: the cost of a move, O(1) for ``rename`` or O(bytes) for ``copy``; always done in the backend.
    - ``signed_urls``: the methods that ``sign_url`` can sign.
    - ``max_object_size``: in bytes; None if there is no practical limit.
    - ``part_size_hint``: in bytes; appends of a multiple of it are cheapest.
    - ``conditional_delete``: ``delete_unchanged`` works (since 1.1).
    - ``upload_ttl``: the backend discards uploads that were idle for this long; None if it keeps them.
    """

    create: bool
    shared: bool
    durable: bool
    move: Literal["rename", "copy"]
    signed_urls: frozenset[SignedMethod] = frozenset()
    max_object_size: int | None = None
    part_size_hint: int = 8 * 2**20
    upload_ttl: timedelta | None = None
    conditional_delete: bool = False
