"""A fake authority for an issuer."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from entrepot_contract.auth import Access, Identity, Presented, Refused
from entrepot_contract.tokens import Authority

__all__ = ["BOB", "PASSWORD", "House", "basic"]

BOB = "bob"
PASSWORD = "pa55:w\u00f6rd"  # noqa: S105 - of a test user


class House(Authority):
    """Everyone may pull from ``public/``; bob may do everything except delete."""

    def __init__(self) -> None:
        self.stamp = "$2y$05$of-bobs-password"
        self.groups = frozenset({"dev"})
        self.gone = False
        self.seen: list[Presented] = []

    def authenticate(self, presented: Presented) -> Identity | None:
        self.seen.append(presented)
        if presented.authorization is None:
            return None
        if presented.authorization != basic(BOB, PASSWORD):
            raise Refused("no such user")
        return Identity(BOB, self.groups, stamp=self.stamp)

    def user(self, name: str) -> Identity | None:
        return Identity(BOB, self.groups, stamp=self.stamp) if name == BOB and not self.gone else None

    def allowed(self, identity: Identity | None, wanted: Sequence[Access]) -> frozenset[Access]:
        if identity is not None:
            return frozenset(access for access in wanted if access.action != "delete")
        return frozenset(access for access in wanted if access.action == "pull" and access.name.startswith("public/"))


def basic(user: str, password: str) -> str:
    """Return the ``Authorization`` header (RFC 7617)."""
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"
