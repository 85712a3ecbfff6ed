"""The ways to say who may do what, as ``docs/authentication.md`` shows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import bcrypt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from services.token_server import Named

__all__ = ["PASSWORD", "SERVICE", "SETUPS", "USER", "Setup"]

USER: Final = "alice"
PASSWORD: Final = "a correct: horse"  # noqa: S105 - of these tests only
SERVICE: Final = "registry.test"

_USERS_DO_ALL: Final = ({"who": "authenticated", "repository": "**", "actions": ["pull", "push"]},)
_ANYBODY_PULLS: Final = ({"who": "anonymous", "repository": "**", "actions": ["pull"]}, *_USERS_DO_ALL)

Section = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Setup:
    """How a registry is configured.

    - ``auth``: the section of that name, from a folder for its files and the options of a token server elsewhere.
    - ``access``: entrepot's rules; a token that was made elsewhere carries its own.
    - ``anybody_pulls``: whether a pull needs no login.
    - ``elsewhere``: how tokens name their key, where a token server that is not entrepot's makes them.
    """

    auth: Callable[[Path, Section], Section]
    access: Sequence[Section] | None
    anybody_pulls: bool = False
    elsewhere: Named | None = None


def _htpasswd(folder: Path, elsewhere: Section) -> Section:
    file = folder / "htpasswd"
    file.write_bytes(USER.encode() + b":" + bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(5)) + b"\n")
    return {"htpasswd": {"realm": "entrepot", "path": str(file)}}


def _issuer(folder: Path, elsewhere: Section) -> Section:
    key = folder / "token.pem"
    key.touch(0o600)
    made = ec.generate_private_key(ec.SECP256R1())
    key.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    token = {"service": SERVICE, "issuer": {"name": "entrepot", "key": str(key)}}
    return {"token": token, **_htpasswd(folder, elsewhere)}


def _elsewhere(folder: Path, elsewhere: Section) -> Section:
    return {"token": elsewhere}


SETUPS: Final[Mapping[str, Setup]] = {
    "htpasswd": Setup(_htpasswd, _USERS_DO_ALL),
    "issuer": Setup(_issuer, _USERS_DO_ALL),
    "elsewhere": Setup(_elsewhere, None, elsewhere="kid"),
    "elsewhere-x5c": Setup(_elsewhere, None, elsewhere="x5c"),
    "htpasswd-anybody-pulls": Setup(_htpasswd, _ANYBODY_PULLS, anybody_pulls=True),
    "anybody-pulls": Setup(_issuer, _ANYBODY_PULLS, anybody_pulls=True),
}
