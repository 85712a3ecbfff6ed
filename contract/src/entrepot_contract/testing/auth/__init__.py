"""The authenticator kit: one file for each group of tests, and one class that combines them."""

from __future__ import annotations

from entrepot_contract.testing.auth.again import AgainContract
from entrepot_contract.testing.auth.challenge import ChallengeContract
from entrepot_contract.testing.auth.judging import JudgingContract
from entrepot_contract.testing.auth.lifecycle import LifecycleContract
from entrepot_contract.testing.auth.narrow import NarrowContract
from entrepot_contract.testing.auth.nearly import NearMissContract
from entrepot_contract.testing.auth.pieces import PieceContract
from entrepot_contract.testing.auth.refreshing import RefreshingContract
from entrepot_contract.testing.auth.secrecy import SecrecyContract
from entrepot_contract.testing.auth.signed import SignedContract
from entrepot_contract.testing.auth.threads import ThreadContract
from entrepot_contract.testing.auth.tokens import IssuingContract
from entrepot_contract.testing.auth.users import UserContract
from entrepot_contract.testing.integrity import WholeContract

__all__ = ["AuthenticatorContract"]


class AuthenticatorContract(
    JudgingContract,
    NearMissContract,
    AgainContract,
    SignedContract,
    UserContract,
    ChallengeContract,
    SecrecyContract,
    PieceContract,
    LifecycleContract,
    ThreadContract,
    IssuingContract,
    RefreshingContract,
    NarrowContract,
    WholeContract,
):
    """All tests that an authenticator must pass; a subclass sets ``authenticator_class`` and defines the fixtures.

    - ``config`` returns the authenticator's section of the configuration: JSON values.
    - ``accepted`` returns valid credentials, each with the name of its user: ``[(basic("alice", "..."), "alice")]``.
    - ``refused`` returns invalid credentials of a scheme that the authenticator handles.
    - ``timing`` optionally returns pairs: a wrong credential of a known user, and one of an unknown user;
      the kit makes them of Basic credentials.
    - ``set_users`` optionally returns a function that takes users with their passwords, and makes them the only ones,
      also while an authenticator is open: ``set_users({"alice": "..."})``.
    - ``sign`` optionally returns a function that takes claims, and returns a valid JSON Web Token with these claims
      replaced, as a credential: ``sign({"exp": 0})``.
    - ``exact_names`` is False if the directory knows other spellings of a user name.
    """
