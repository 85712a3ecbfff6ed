"""Tests of ``authenticate`` with names and passwords that are nearly right, long or binary."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator, Sequence
from typing import Final

import pytest

from entrepot_contract.auth import Authenticator, Identity, Presented, Refused
from entrepot_contract.testing.auth.base import AuthBase, Known
from entrepot_contract.testing.auth.credentials import SENTINEL, anew, decoded
from entrepot_contract.testing.auth.judging import CEILING, REFUSED
from entrepot_contract.testing.auth.spelling import COUNTED, misspelt, with_pair
from entrepot_contract.testing.base import stop
from entrepot_contract.testing.sentences import sentence

__all__ = ["EXACT_NAME", "EXACT_WORD", "NearMissContract", "Pair", "outcome"]

EXACT_WORD: Final = (
    "A password is compared exactly: case, spaces, every character and its Unicode form count. "
    "Only bytes after the 72nd may be ignored, as some hashes do."
)
EXACT_NAME: Final = (
    "A user name is compared exactly. An authenticator whose directory knows other spellings of a name returns for "
    "all of them the name that the directory has."
)
SIZES: Final = (1, 8, 71, 72, 73, 128, 255, 256, 1024, 4096, 12_000)
BINARY: Final = (bytes(range(256)), b"\xff\xfe" * 20, b"\0" * 8, "\u5bc6\u7801".encode() * 12, b"\xf0\x9f", b":" * 5)
Pair = tuple[Presented, str, str]
"""A valid credential of the scheme Basic, with its user name and password."""


def outcome(authenticator: Authenticator, presented: Presented) -> Identity | Refused | None:
    """Return what ``authenticate`` returns, or the Refused that it raises; fails if it raises anything else."""
    try:
        return authenticator.authenticate(presented)
    except Refused as refusal:
        return refusal
    except Exception as error:
        raise AssertionError(
            f"authenticate raised {type(error).__name__} instead of Refused for a wrong credential"
        ) from error


def must_refuse(authenticator: Authenticator, presented: Presented, what: str) -> None:
    """Fail with the difference in words if a credential is not refused."""
    answer = outcome(authenticator, presented)
    assert not isinstance(answer, Identity), f"{what} was accepted"
    assert answer is not None, f"{what} was not handled (None) instead of refused"


class NearMissContract(AuthBase):
    """Tests of Basic credentials that differ slightly from valid ones, which the kit makes from those of the suite."""

    @pytest.fixture
    def pairs(self, request: pytest.FixtureRequest, accepted: Known) -> Sequence[Pair]:
        """The valid Basic credentials of the suite."""
        pairs = [
            (presented, name, pair[1])
            for presented, name in accepted
            if (pair := decoded(presented)) is not None and pair[0] == name
        ]
        if not pairs:
            stop(request, "not-claimed", "Basic credentials")
        return pairs

    @sentence("authenticate", EXACT_WORD)
    def test_a_password_that_is_nearly_right_is_refused(
        self, authenticator: Authenticator, pairs: Sequence[Pair]
    ) -> None:
        for presented, user, password in pairs:
            right = password.encode()
            for kind, other in misspelt(password).items():
                if other[:COUNTED] != right[:COUNTED]:
                    nearly = with_pair(presented, user.encode(), other)
                    must_refuse(authenticator, nearly, f"a right user with a wrong password ({kind})")
            must_refuse(
                authenticator, with_pair(presented, user.encode(), user.encode()), "the user's name as the password"
            )
            assert authenticator.authenticate(presented) is not None, "the right password must stay valid"

    @sentence("authenticate", EXACT_NAME)
    @sentence("user", "or None if the user is unknown here.")
    def test_a_name_that_is_nearly_right_is_refused_or_unknown(
        self, authenticator: Authenticator, pairs: Sequence[Pair]
    ) -> None:
        names = {user.encode() for _, user, _ in pairs}
        for presented, user, password in pairs:
            for kind, other in misspelt(user).items():
                if other in names:
                    continue
                answer = outcome(authenticator, with_pair(presented, other, password.encode()))
                found = answer.name if isinstance(answer, Identity) else None
                if self.exact_names:
                    assert found is None, f"another user name ({kind}) was accepted with the password of {user!r}"
                assert found in {None, user}, f"another spelling of {user!r} ({kind}) got the name {found!r}"
                text = other.decode("utf-8", "replace")
                stranger = authenticator.user(text)
                if self.exact_names:
                    assert stranger is None, f"user() knows {text!r}, but only {user!r} exists ({kind})"
                assert stranger is None or stranger.name == user, f"user({text!r}) returned the name {stranger.name!r}"

    @sentence("authenticate", REFUSED)
    def test_no_user_has_the_password_of_another(self, authenticator: Authenticator, pairs: Sequence[Pair]) -> None:
        valid = {(user, password) for _, user, password in pairs}
        for presented, user, _ in pairs:
            for _, other, password in pairs:
                if (user, password) not in valid:
                    what = f"the user {user!r} with the password of {other!r}"
                    must_refuse(authenticator, with_pair(presented, user.encode(), password.encode()), what)

    @sentence("authenticate", REFUSED)
    def test_a_valid_credential_with_more_behind_it_is_refused(
        self, authenticator: Authenticator, known: Known
    ) -> None:
        for presented, _ in known:
            valid = presented.authorization or ""
            for more in (
                f" {SENTINEL}",
                f",{SENTINEL}",
                f", {valid}",
                f" {valid.partition(' ')[2]}",
                "\0",
                "\nX: y",
                "\n",
            ):
                must_refuse(
                    authenticator, anew(presented, f"{valid}{more}"), f"a valid credential followed by {more!r}"
                )

    @sentence("authenticate", REFUSED)
    def test_long_and_binary_users_and_passwords_are_refused(
        self, authenticator: Authenticator, pairs: Sequence[Pair]
    ) -> None:
        presented, user, password = pairs[0]
        began = time.process_time()
        for kind, wrong in _extremes():
            for name, word in ((user.encode(), wrong), (wrong.replace(b":", b"."), password.encode()), (wrong, wrong)):
                must_refuse(authenticator, with_pair(presented, name, word), f"a credential with {kind}")
        spent = time.process_time() - began
        assert spent < 5 * CEILING, f"refusing {3 * (len(SIZES) + len(BINARY))} wrong credentials took {spent:.0f} s"
        assert authenticator.authenticate(presented) is not None, "a valid credential must stay valid after wrong ones"

    @sentence("authenticate", REFUSED)
    def test_bad_base64_of_a_valid_credential_is_refused_or_the_same(
        self, authenticator: Authenticator, pairs: Sequence[Pair]
    ) -> None:
        for presented, user, password in pairs:
            text = base64.b64encode(f"{user}:{password}".encode()).decode()
            places = (1, len(text) // 2, len(text) - 2)
            bad = [f"{text[:place]}{odd}{text[place:]}" for place in places for odd in ("\n", "-", "=", "\u00e9", "!")]
            for each in (*bad, f"{text}=", f"={text}", text.rstrip("="), text.swapcase()):
                answer = outcome(authenticator, anew(presented, f"Basic {each}"))
                assert answer is not None, "a Basic credential that is no base64 was not handled (None)"
                name = answer.name if isinstance(answer, Identity) else user
                assert name == user, f"base64 with an error in it was accepted as the user {name!r}"


def _extremes() -> Iterator[tuple[str, bytes]]:
    for size in SIZES:
        yield f"{size} letters", b"x" * size
    for data in BINARY:
        yield f"the bytes {data[:6]!r}...", data
