"""The htpasswd authenticator."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from entrepot_auth_htpasswd.basic import basic_credential
from entrepot_auth_htpasswd.files import groups_of, hashes_of
from entrepot_auth_htpasswd.options import HtpasswdOptions
from entrepot_auth_htpasswd.users import Users
from entrepot_auth_htpasswd.verified import Verified
from entrepot_contract import ConfigError, DriverOptions
from entrepot_contract.auth import Access, Authenticator, Identity, Presented, Refusal, Refused
from entrepot_contract.toolkit.reloading import FreshFiles

__all__ = ["HtpasswdAuthenticator"]

Value = TypeVar("Value")


class HtpasswdAuthenticator(Authenticator):
    """HTTP Basic authentication (RFC 7617) with users from an htpasswd file and groups from an AuthGroupFile."""

    name = "htpasswd"
    contract = (1, 0)
    Options = HtpasswdOptions

    def __init__(self, options: DriverOptions) -> None:
        if not isinstance(options, HtpasswdOptions):
            raise TypeError(f"HtpasswdAuthenticator takes HtpasswdOptions, not {type(options).__name__}")
        path, groupfile, seconds = options.path, options.groupfile, options.cache.total_seconds()
        quoted = re.sub(r'(["\\])', r"\\\1", options.realm)
        self._challenge = f'Basic realm="{quoted}", charset="UTF-8"'
        # Each loaded version of the file has its own cache: a check that finishes after the file was reloaded only adds
        # to the old cache, which is no longer used.
        self._users = _open("path", path, lambda content: Users(hashes_of(content, path), Verified(seconds)))
        self._groups: FreshFiles[Mapping[str, frozenset[str]]] | None = None
        if groupfile is not None:
            self._groups = _open("groupfile", groupfile, lambda content: groups_of(content, groupfile))

    def authenticate(self, presented: Presented) -> Identity | None:
        credential = basic_credential(presented.authorization)
        if credential is None:
            return None
        users = self._users.value()
        if not users.verify(credential):
            raise Refused("the user or the password is wrong")
        return self._identity(credential.name, users)

    def challenge(self, presented: Presented, wanted: Sequence[Access], refusal: Refusal | None) -> str | None:
        return self._challenge

    def user(self, name: str) -> Identity | None:
        return self._identity(name, self._users.value())

    def close(self) -> None:
        """Do nothing: no resources are held between calls."""

    def _identity(self, name: str, users: Users) -> Identity | None:
        stamp = users.stamp(name)
        if stamp is None:
            return None
        groups = {} if self._groups is None else self._groups.value()
        return Identity(name, groups.get(name, frozenset()), stamp=stamp)


def _open(option: str, path: str, parse: Callable[[bytes], Value]) -> FreshFiles[Value]:
    """Load a file that is reloaded when it changes. Raises ConfigError."""
    try:
        return FreshFiles([path], lambda contents: parse(contents[0]))
    except OSError as error:
        reason = f"option {option!r}: {path} cannot be read: {error.strerror}"
        raise ConfigError(reason, driver=HtpasswdAuthenticator.name, operation="configure") from error
    except ValueError as error:
        reason = f"option {option!r}: {error}"
        raise ConfigError(reason, driver=HtpasswdAuthenticator.name, operation="configure") from error
