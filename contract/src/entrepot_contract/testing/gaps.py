"""Sentences that no generic test can prove, or only in part, with the reason; every report shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["NOT_PROVEN"]

STORAGE: Final = {
    ("put", "Where ``durable`` is claimed, the object survives power loss from then on."): (
        "no test here cuts the power; the kit only kills processes"
    ),
    ("upload_commit", "Where ``durable`` is claimed, the object survives power loss from then on."): (
        "no test here cuts the power; the kit only kills processes"
    ),
    ("read", "A broken connection raises Unavailable from the iterator"): (
        "the kit cannot break a backend's connections; it deletes and overwrites objects under their readers"
    ),
    ("list_objects", "Pages are fetched as they are needed: the first item costs no full listing."): (
        "calls of the backend cannot be seen from outside; the kit pages through 2,500 keys and stops early"
    ),
    ("move", "A crash between may leave both, never neither."): (
        "the kit kills processes that move, but cannot choose the moment between the two steps"
    ),
    ("delete", "many in few calls of the backend"): "calls of the backend cannot be seen from outside",
    ("upload_commit", "on the backend's side, and never through the host"): "the way of the bytes cannot be seen",
}

AUTH: Final[dict[tuple[str, str], str]] = {}

NOT_PROVEN: Final[Mapping[str, Mapping[tuple[str, str], str]]] = {"storage": STORAGE, "auth": AUTH}
"""By kit, and there by verb and sentence."""
