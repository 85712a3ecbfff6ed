"""The authenticator kit: one file for each group of tests, and one class that combines them."""

from __future__ import annotations

from entrepot_contract.testing.auth.challenge import ChallengeContract
from entrepot_contract.testing.auth.judging import JudgingContract
from entrepot_contract.testing.auth.lifecycle import LifecycleContract
from entrepot_contract.testing.auth.refreshing import RefreshingContract
from entrepot_contract.testing.auth.secrecy import SecrecyContract
from entrepot_contract.testing.auth.threads import ThreadContract
from entrepot_contract.testing.auth.tokens import IssuingContract
from entrepot_contract.testing.integrity import WholeContract

__all__ = ["AuthenticatorContract"]


class AuthenticatorContract(
    JudgingContract,
    ChallengeContract,
    SecrecyContract,
    LifecycleContract,
    ThreadContract,
    IssuingContract,
    RefreshingContract,
    WholeContract,
):
    """All tests that an authenticator must pass; a subclass sets ``authenticator_class`` and defines the fixtures.

    - ``config`` returns the authenticator's section of the configuration: JSON values.
    - ``accepted`` returns valid credentials, each with the name of its user: ``[(basic("alice", "..."), "alice")]``.
    - ``refused`` returns invalid credentials of a scheme that the authenticator handles.
    - ``timing`` optionally returns pairs: a wrong credential of a known user, and one of an unknown user.
    """
