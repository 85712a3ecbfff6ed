"""The authentication setups that ``docs/authentication.md`` describes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import bcrypt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from support.services.token_server import Named

__all__ = ["PASSWORD", "SERVICE", "SETUPS", "USER", "Setup"]

USER: Final = "alice"
PASSWORD: Final = "a correct: horse"  # noqa: S105 - only used by these tests
SERVICE: Final = "registry.test"

_USERS_DO_ALL: Final = ({"who": "authenticated", "repository": "**", "actions": ["pull", "push"]},)
_ANONYMOUS_PULLS: Final = ({"who": "anonymous", "repository": "**", "actions": ["pull"]}, *_USERS_DO_ALL)

Section = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Setup:
    """The configuration of a registry.

    - ``auth``: returns the section ``auth``, given a directory for its files and the options of an external token
      server.
    - ``access``: the access rules of entrepot. Tokens of an external server contain their own grants.
    - ``anonymous_pulls``: whether anonymous pulls are allowed.
    - ``external``: how tokens of an external token server identify their key.
    """

    auth: Callable[[Path, Section], Section]
    access: Sequence[Section] | None
    anonymous_pulls: bool = False
    external: Named | None = None


def _htpasswd(folder: Path, external: Section) -> Section:
    file = folder / "htpasswd"
    file.write_bytes(USER.encode() + b":" + bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(5)) + b"\n")
    return {"htpasswd": {"realm": "entrepot", "path": str(file)}}


def _issuer(folder: Path, external: Section) -> Section:
    key = folder / "token.pem"
    key.touch(0o600)
    made = ec.generate_private_key(ec.SECP256R1())
    key.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    token = {"service": SERVICE, "issuer": {"name": "entrepot", "key": str(key)}}
    return {"token": token, **_htpasswd(folder, external)}


def _external(folder: Path, external: Section) -> Section:
    return {"token": external}


SETUPS: Final[Mapping[str, Setup]] = {
    "htpasswd": Setup(_htpasswd, _USERS_DO_ALL),
    "issuer": Setup(_issuer, _USERS_DO_ALL),
    "external": Setup(_external, None, external="kid"),
    "external-x5c": Setup(_external, None, external="x5c"),
    "htpasswd-anonymous-pulls": Setup(_htpasswd, _ANONYMOUS_PULLS, anonymous_pulls=True),
    "anonymous-pulls": Setup(_issuer, _ANONYMOUS_PULLS, anonymous_pulls=True),
}
