"""The gate in front of the registry: authentication and authorization."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Collection, Sequence
from typing import Final

from entrepot.access.rules import CATALOG, Rules
from entrepot.errors import Forbidden, RegistryError, Unauthorized
from entrepot_contract.auth import Access, Authenticator, Identity, Presented, Refusal, Refused
from entrepot_contract.server import ClientCertificate

__all__ = ["Gate"]

_log = logging.getLogger(__name__)
_MAX_AUTHORIZATION: Final = 16 * 2**10
"""In characters; larger than any token that clients and proxies support."""


class Gate:
    """Asks the authenticators in order, then checks the grants of the credential, or else the rules."""

    def __init__(self, authenticators: Sequence[Authenticator], rules: Rules) -> None:
        self.authenticators = tuple(authenticators)
        self.rules = rules

    def identify(self, presented: Presented, certificate: ClientCertificate | None = None) -> Identity | None:
        """Returns the identity of a request, or None for an anonymous one.

        Raises Refused if a credential is invalid or not supported by any authenticator: a request with a credential is
        never treated as anonymous.
        """
        if presented.authorization is None:
            return _of_certificate(certificate)
        if len(presented.authorization) > _MAX_AUTHORIZATION:
            raise Refused("the credential is too long")
        for authenticator in self.authenticators:
            identity = _ask(authenticator, presented)
            if identity is not None:
                return identity
        raise Refused("no authenticator supports credentials of this kind")

    def check(
        self,
        presented: Presented,
        identity: Identity | None,
        wanted: Sequence[Access],
        helpful: Sequence[Access] = (),
    ) -> None:
        """Check that an identity, or an anonymous client, is allowed all accesses in ``wanted``.

        Accesses in ``helpful`` are only requested along with them, and not if the client already requested them.

        Raises Unauthorized if a credential, or another one, may help, and Forbidden otherwise.
        """
        missing = [access for access in wanted if not self.allows(identity, access)]
        if identity is not None and identity.grants is not None:
            if missing or not all(_was_requested(access, identity, identity.grants) for access in helpful):
                raise self.unauthorized(presented, (*wanted, *helpful), "insufficient")
        elif missing:
            if identity is None:
                raise self.unauthorized(presented, (*wanted, *helpful), None)
            raise Forbidden(_detail(missing))

    def allows(self, identity: Identity | None, access: Access) -> bool:
        """Returns whether an identity, or an anonymous client, has an access."""
        if identity is not None and identity.grants is not None:
            return access in identity.grants
        return self.rules.allow(identity, access)

    def lists(self, identity: Identity | None, name: str) -> bool:
        """Returns whether the catalog shows a repository to a client that may list it.

        A token for the whole catalog names no repositories: then the rules decide which ones the user may pull.
        """
        pull = Access("repository", name, "pull")
        if identity is not None and identity.grants is not None and CATALOG in identity.grants:
            return pull in identity.grants or self.rules.allow(identity, pull)
        return self.allows(identity, pull)

    def unauthorized(self, presented: Presented, wanted: Sequence[Access], refusal: Refusal | None) -> RegistryError:
        """Returns the error that describes how to authenticate, or Forbidden if there is no way to."""
        for authenticator in self.authenticators:
            challenge = _challenge(authenticator, presented, wanted, refusal)
            if challenge is not None:
                return Unauthorized(_detail(wanted), headers={"WWW-Authenticate": challenge})
        return Forbidden(_detail(wanted))

    def user(self, name: str) -> Identity | None:
        """Returns a user from the first authenticator that knows the name, or None."""
        for authenticator in self.authenticators:
            identity = authenticator.user(name)
            if identity is not None:
                return identity
        return None

    def close(self) -> None:
        """Close the authenticators."""
        for authenticator in self.authenticators:
            authenticator.close()


def _ask(authenticator: Authenticator, presented: Presented) -> Identity | None:
    try:
        return authenticator.authenticate(presented)
    except Refused:
        raise
    except Exception as error:  # noqa: BLE001 - a plugin may raise anything; the request is denied
        _log_failure(authenticator, error)
        # Not chained: the plugin's error may contain the credential, and a traceback would show it.
        raise Refused(f"the authenticator {authenticator.name} failed") from None


def _challenge(
    authenticator: Authenticator, presented: Presented, wanted: Sequence[Access], refusal: Refusal | None
) -> str | None:
    try:
        challenge = authenticator.challenge(presented, wanted, refusal)
    except Exception as error:  # noqa: BLE001 - a plugin may raise anything; the next one may have a challenge
        _log_failure(authenticator, error)
        return None
    if challenge is not None and not challenge.isprintable():
        _log.error("challenge is not a valid header value: authenticator=%s", authenticator.name)
        return None
    return challenge


def _log_failure(authenticator: Authenticator, error: Exception) -> None:
    """Log where a plugin failed, without its message, which may contain the credential."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "an unknown place"
    _log.error(
        "authenticator failed, request denied: authenticator=%s error=%s at=%s",
        authenticator.name,
        type(error).__name__,
        where,
    )


def _of_certificate(certificate: ClientCertificate | None) -> Identity | None:
    if certificate is None or not certificate.common_name:
        return None
    return Identity(certificate.common_name, frozenset(certificate.units))


def _was_requested(access: Access, identity: Identity, grants: Collection[Access]) -> bool:
    resource = access.kind, access.name
    return resource in identity.refused or any((grant.kind, grant.name) == resource for grant in grants)


def _detail(accesses: Sequence[Access]) -> list[dict[str, str]] | None:
    """Returns the missing accesses in the format of Distribution."""
    return [{"Type": one.kind, "Class": "", "Name": one.name, "Action": one.action} for one in accesses] or None
