"""The gate before the registry: who asks, and whether they may."""

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
"""More than the largest token that clients and proxies carry, in characters."""


class Gate:
    """Asks the authenticators in order, then the grants of the credential or else the rules."""

    def __init__(self, authenticators: Sequence[Authenticator], rules: Rules) -> None:
        self.authenticators = tuple(authenticators)
        self.rules = rules

    def identify(self, presented: Presented, certificate: ClientCertificate | None = None) -> Identity | None:
        """Who a request comes from, or None for nobody in particular.

        Raises Refused where a credential is no good, or is nobody's to judge: what was meant as a credential never
        becomes an anonymous request.
        """
        if presented.authorization is None:
            return _of_certificate(certificate)
        if len(presented.authorization) > _MAX_AUTHORIZATION:
            raise Refused("the credential is too long")
        for authenticator in self.authenticators:
            identity = _ask(authenticator, presented)
            if identity is not None:
                return identity
        raise Refused("no authenticator knows credentials of this kind")

    def check(
        self,
        presented: Presented,
        identity: Identity | None,
        wanted: Sequence[Access],
        helpful: Sequence[Access] = (),
    ) -> None:
        """Let an identity, or nobody in particular, do all that is wanted.

        What is ``helpful`` is asked for together with it, and not demanded of who has asked for it already.

        Raises Unauthorized where a credential, or another one, may help, and Forbidden where none would.
        """
        missing = [access for access in wanted if not self.allows(identity, access)]
        if identity is not None and identity.grants is not None:
            if missing or not all(_was_asked_for(access, identity, identity.grants) for access in helpful):
                raise self.unauthorized(presented, (*wanted, *helpful), "insufficient")
        elif missing:
            if identity is None:
                raise self.unauthorized(presented, (*wanted, *helpful), None)
            raise Forbidden(_detail(missing))

    def allows(self, identity: Identity | None, access: Access) -> bool:
        """Whether an identity, or nobody in particular, may do something."""
        if identity is not None and identity.grants is not None:
            return access in identity.grants
        return self.rules.allow(identity, access)

    def lists(self, identity: Identity | None, name: str) -> bool:
        """Whether the catalog shows a repository to somebody who may ask for it.

        A token for the whole catalog names no repositories: then the rules say which ones its owner may pull.
        """
        pull = Access("repository", name, "pull")
        if identity is not None and identity.grants is not None and CATALOG in identity.grants:
            return pull in identity.grants or self.rules.allow(identity, pull)
        return self.allows(identity, pull)

    def unauthorized(self, presented: Presented, wanted: Sequence[Access], refusal: Refusal | None) -> RegistryError:
        """The answer that tells a client how to authenticate; where there is no way to, that it may not."""
        for authenticator in self.authenticators:
            challenge = _challenge(authenticator, presented, wanted, refusal)
            if challenge is not None:
                return Unauthorized(_detail(wanted), headers={"WWW-Authenticate": challenge})
        return Forbidden(_detail(wanted))

    def user(self, name: str) -> Identity | None:
        """A user as the first authenticator that knows the name does."""
        for authenticator in self.authenticators:
            identity = authenticator.user(name)
            if identity is not None:
                return identity
        return None

    def close(self) -> None:
        """Let go of the authenticators."""
        for authenticator in self.authenticators:
            authenticator.close()


def _ask(authenticator: Authenticator, presented: Presented) -> Identity | None:
    try:
        return authenticator.authenticate(presented)
    except Refused:
        raise
    except Exception as error:  # noqa: BLE001 - a plugin may fail in any way, and none lets anybody in
        _log_failure(authenticator, error)
        # Not chained: what a plugin put into its error may be the credential, and a traceback would show it.
        raise Refused(f"the authenticator {authenticator.name} failed") from None


def _challenge(
    authenticator: Authenticator, presented: Presented, wanted: Sequence[Access], refusal: Refusal | None
) -> str | None:
    try:
        challenge = authenticator.challenge(presented, wanted, refusal)
    except Exception as error:  # noqa: BLE001 - a plugin may fail in any way; the next one may have a challenge
        _log_failure(authenticator, error)
        return None
    if challenge is not None and not challenge.isprintable():
        _log.error("the authenticator %s worded a challenge that no header can hold", authenticator.name)
        return None
    return challenge


def _log_failure(authenticator: Authenticator, error: Exception) -> None:
    """Say where a plugin failed, and nothing of its message: it may hold the credential."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "an unknown place"
    _log.error(
        "the authenticator %s failed with %s at %s; the request is refused",
        authenticator.name,
        type(error).__name__,
        where,
    )


def _of_certificate(certificate: ClientCertificate | None) -> Identity | None:
    if certificate is None or not certificate.common_name:
        return None
    return Identity(certificate.common_name, frozenset(certificate.units))


def _was_asked_for(access: Access, identity: Identity, grants: Collection[Access]) -> bool:
    resource = access.kind, access.name
    return resource in identity.refused or any((grant.kind, grant.name) == resource for grant in grants)


def _detail(accesses: Sequence[Access]) -> list[dict[str, str]] | None:
    """What is missing, under the names that Distribution's Go code gives it."""
    return [{"Type": one.kind, "Class": "", "Name": one.name, "Action": one.action} for one in accesses] or None
