"""The contract for authenticators as tests: one file for each group, one class of them all."""

from __future__ import annotations

from entrepot_contract.testing.auth.base import AuthBase
from entrepot_contract.testing.whole import WholeContract

__all__ = ["AuthenticatorContract"]


class AuthenticatorContract(AuthBase, WholeContract):
    """Every test that an authenticator has to pass; a subclass sets ``authenticator_class`` and the fixtures."""
