"""The users of the tests and their credentials."""

from __future__ import annotations

import base64

from matrix.table import USERS

__all__ = ["KEEPER", "PASSWORDS", "basic", "headers_of"]

PASSWORDS = {who: f"{who}-password" for who in (*USERS, "keeper")}


def basic(who: str, password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{who}:{password}'.encode()).decode()}"}


def headers_of(who: str) -> dict[str, str]:
    if who == "anonymous":
        return {}
    return basic("admin", "guessed") if who == "wrong" else basic(who, PASSWORDS[who])


KEEPER = headers_of("keeper")
