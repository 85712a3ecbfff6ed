"""The host, as an authenticator that issues tokens sees it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from entrepot.access.gate import Gate
from entrepot_contract.auth import Access, Authenticator, Identity, Presented, Refused
from entrepot_contract.issuing import Authority

__all__ = ["HostAuthority"]

_log = logging.getLogger(__name__)


class HostAuthority(Authority):
    """Users are those of the other authenticators, and what they may do is in the rules.

    ``failed`` is told the address of whoever presents a credential that is no good.
    """

    def __init__(self, gate: Gate, issuer: Authenticator, failed: Callable[[str], None]) -> None:
        others = [authenticator for authenticator in gate.authenticators if authenticator is not issuer]
        self._others = Gate(others, gate.rules)
        self._failed = failed

    def authenticate(self, presented: Presented) -> Identity | None:
        """Who a request comes from; raises Refused."""
        try:
            return self._others.identify(presented)
        except Refused as refused:
            self._failed(presented.address)
            _log.warning("refused a credential for a token from %s: %s", presented.address, refused)
            raise

    def user(self, name: str) -> Identity | None:
        """A user by name."""
        return self._others.user(name)

    def allowed(self, identity: Identity | None, wanted: Sequence[Access]) -> frozenset[Access]:
        """What of the accesses the rules allow."""
        return frozenset(access for access in wanted if self._others.allows(identity, access))
