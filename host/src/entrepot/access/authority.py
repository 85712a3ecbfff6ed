"""The host's interface for authenticators that issue tokens."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from entrepot.access.gate import Gate
from entrepot_contract.auth import Access, Authenticator, Identity, Presented, Refused
from entrepot_contract.tokens import Authority

__all__ = ["HostAuthority"]

_log = logging.getLogger(__name__)


class HostAuthority(Authority):
    """Authenticates with the other authenticators, and authorizes with the access rules.

    ``failed`` is called with the client's address after a failed authentication.
    """

    def __init__(self, gate: Gate, issuer: Authenticator, failed: Callable[[str], None]) -> None:
        others = [authenticator for authenticator in gate.authenticators if authenticator is not issuer]
        self._others = Gate(others, gate.rules)
        self._failed = failed

    def authenticate(self, presented: Presented) -> Identity | None:
        """Returns the identity of a request, or None if it is anonymous; raises Refused."""
        try:
            return self._others.identify(presented)
        except Refused as refused:
            self._failed(presented.address)
            _log.warning("credential rejected for token: address=%s reason=%s", presented.address, refused)
            raise

    def user(self, name: str) -> Identity | None:
        """Returns a user by name, or None."""
        return self._others.user(name)

    def allowed(self, identity: Identity | None, wanted: Sequence[Access]) -> frozenset[Access]:
        """Returns those of the accesses that the rules allow."""
        return frozenset(access for access in wanted if self._others.allows(identity, access))
