"""The contract for authenticators as tests: one file for each group, one class of them all."""

from __future__ import annotations

from entrepot_contract.testing.auth.challenge import ChallengeContract
from entrepot_contract.testing.auth.issuing import IssuingContract
from entrepot_contract.testing.auth.judging import JudgingContract
from entrepot_contract.testing.auth.lifecycle import LifecycleContract
from entrepot_contract.testing.auth.refreshing import RefreshingContract
from entrepot_contract.testing.auth.secrecy import SecrecyContract
from entrepot_contract.testing.auth.threads import ThreadContract
from entrepot_contract.testing.whole import WholeContract

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
    """Every test that an authenticator has to pass; a subclass sets ``authenticator_class`` and the fixtures.

    - ``config`` answers the authenticator's section of the configuration: JSON values.
    - ``accepted`` answers good credentials, each with the name of its user: ``[(basic("alice", "..."), "alice")]``.
    - ``refused`` answers credentials that are its to judge and no good.
    - ``timing`` may answer pairs: a wrong credential of a known user, and one of an unknown user.
    """
