"""The base class of the authenticator kit, which opens authenticators and provides credentials."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import ClassVar, TypeAlias

import pytest

from entrepot_contract.auth import Authenticator, Presented
from entrepot_contract.testing.auth.credentials import SENTINEL, basic, decoded, raw, scheme_of
from entrepot_contract.testing.auth.world import KitAuthority, new_token
from entrepot_contract.testing.base import KitBase
from entrepot_contract.tokens import TokenIssuer

__all__ = ["AuthBase", "Known", "Opener", "Pairs", "SetUsers", "Sign"]

Opener: TypeAlias = Callable[[], Authenticator]
Known: TypeAlias = Sequence[tuple[Presented, str]]
Pairs: TypeAlias = Sequence[tuple[Presented, Presented]]
SetUsers: TypeAlias = Callable[[Mapping[str, str]], None]
Sign: TypeAlias = Callable[[Mapping[str, object]], Presented]


class AuthBase(KitBase):
    """Opens authenticators with ``authenticator_class.from_config(config)``, as often as a test needs."""

    contract_kit = "auth"
    under_test = "authenticator_class"
    its_own = frozenset({"config", "accepted", "refused", "timing", "set_users", "sign", "exact_names"})

    authenticator_class: ClassVar[type[Authenticator]]
    """The authenticator under test."""

    exact_names: ClassVar[bool] = True
    """Whether user names are compared exactly; False if the directory knows other spellings of a name."""

    @pytest.fixture
    def accepted(self) -> Known:
        """Valid credentials, each with the name of its user; may be empty for an issuer."""
        pytest.fail(f"{type(self).__name__} needs a fixture `accepted` that returns (Presented, user name) pairs")

    @pytest.fixture
    def refused(self) -> Sequence[Presented]:
        """Invalid credentials of a scheme that the authenticator handles."""
        pytest.fail(f"{type(self).__name__} needs a fixture `refused` that returns invalid credentials")

    @pytest.fixture
    def timing(self, accepted: Known) -> Pairs:
        """Pairs that must take the same time: a wrong credential of a known user, and one of an unknown user."""
        users = [pair[0] for presented, _ in accepted if (pair := decoded(presented)) is not None]
        return [(basic(user, SENTINEL), basic(f"{SENTINEL}-user", SENTINEL)) for user in users]

    @pytest.fixture
    def set_users(self) -> SetUsers | None:
        """A function that makes some users, with their passwords, the only ones, at any time; or None."""
        return None

    @pytest.fixture
    def sign(self) -> Sign | None:
        """A function that signs a valid JSON Web Token with some claims replaced, as a credential; or None."""
        return None

    @pytest.fixture
    def open_authenticator(self, config: Mapping[str, object]) -> Iterator[Opener]:
        """A function that opens another authenticator with the same options; all are closed after the test."""
        opened: list[Authenticator] = []

        def open_one() -> Authenticator:
            opened.append(self.authenticator_class.from_config(config))
            return opened[-1]

        yield open_one
        for authenticator in opened:
            authenticator.close()

    @pytest.fixture
    def authenticator(self, open_authenticator: Opener) -> Authenticator:
        """The authenticator under test."""
        return open_authenticator()

    @pytest.fixture
    def authority(self) -> KitAuthority:
        """The host's side, with users and rules of the kit."""
        return KitAuthority()

    @pytest.fixture
    def issuer(self, authenticator: Authenticator) -> TokenIssuer | None:
        """The authenticator as an issuer, or None if it is not configured to issue tokens."""
        return authenticator if isinstance(authenticator, TokenIssuer) and authenticator.issues else None

    @pytest.fixture
    def known(
        self, authenticator: Authenticator, issuer: TokenIssuer | None, authority: KitAuthority, accepted: Known
    ) -> Known:
        """The valid credentials: those of the suite, and a token if the authenticator issues tokens."""
        issued = [new_token(authenticator, issuer, authority)] if issuer is not None else []
        known = [*accepted, *issued]
        assert known, "the fixture `accepted` must return at least one credential"
        return known

    @pytest.fixture
    def schemes(self, authenticator: Authenticator, accepted: Known, refused: Sequence[Presented]) -> Sequence[str]:
        """The schemes that the authenticator handles, in lower case."""
        challenge = authenticator.challenge(raw(None), [], None)
        credentials = [*(presented for presented, _ in accepted), *refused]
        named = {scheme_of(presented) for presented in credentials} | {(challenge or "").partition(" ")[0]}
        return sorted({scheme.lower() for scheme in named if scheme})

    @pytest.fixture
    def shown(
        self,
        authenticator: Authenticator,
        issuer: TokenIssuer | None,
        schemes: Sequence[str],
        timing: Pairs,
        set_users: SetUsers | None,
        sign: Sign | None,
    ) -> Mapping[str, object]:
        """The authenticator's capabilities, as shown in the report."""
        return {
            "schemes": list(schemes),
            "challenge": authenticator.challenge(raw(None), [], None) is not None,
            "issues": issuer is not None,
            "timing": bool(timing),
            "set_users": set_users is not None,
            "sign": sign is not None,
            "exact_names": self.exact_names,
        }
