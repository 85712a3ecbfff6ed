"""Tests that not even a piece of a credential appears in messages, log records or output."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from typing import Final

import pytest

from entrepot_contract.auth import Authenticator, Presented, Refused
from entrepot_contract.testing.auth.base import AuthBase, Known
from entrepot_contract.testing.auth.credentials import basic, decoded, raw
from entrepot_contract.testing.auth.spelling import with_pair
from entrepot_contract.testing.sentences import sentence

__all__ = ["PieceContract"]

NO_PART: Final = "No part of a credential appears in any message, repr or log line."
WORD: Final = "Zq7Wv9Jx3Kf8Hp5"
"""A password without pieces that are words."""

PIECE: Final = 4


def pieces(text: str, size: int) -> set[str]:
    """Return all pieces of a text with some letters."""
    return {text[place : place + size] for place in range(len(text) - size + 1)}


class PieceContract(AuthBase):
    """Tests with credentials whose pieces cannot be in a message by accident."""

    @pytest.fixture
    def odd(self, schemes: Sequence[str], accepted: Known) -> Sequence[Presented]:
        """Wrong credentials of each scheme: of users that exist and of others, malformed and too long."""
        made = [
            raw(f"{scheme} {WORD}{tail}") for scheme in schemes for tail in ("", "=", ":\0", "\u00e9", "A" * 20_000)
        ]
        if "basic" in schemes:
            made += [basic(WORD, WORD), raw(f"Basic {basic(WORD, WORD).authorization}")]
            for presented, _ in accepted:
                if (pair := decoded(presented)) is not None:
                    words = (WORD.encode(), f"{WORD}\0".encode(), WORD.encode() + b"\xff", WORD.encode() * 40)
                    made += [with_pair(presented, pair[0].encode(), word) for word in words]
        return made

    @sentence("authenticate", NO_PART)
    @sentence("Refused", "without any part of it.")
    def test_no_message_shows_a_piece_of_a_credential(
        self, authenticator: Authenticator, odd: Sequence[Presented], caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        for presented in odd:
            shown = [str(error) for error in self._messages(authenticator, presented)]
            shown += [record.getMessage() for record in caplog.records]
            encoded = (presented.authorization or "").partition(" ")[2][:40]
            for piece in pieces(WORD, PIECE) | pieces(encoded, 2 * PIECE):
                for text in shown:
                    assert piece not in text, f"a message shows the piece {piece!r} of a credential: {text!r}"
            caplog.clear()

    @sentence("authenticate", NO_PART)
    def test_nothing_is_printed_about_a_credential(
        self, authenticator: Authenticator, known: Known, odd: Sequence[Presented], capfd: pytest.CaptureFixture[str]
    ) -> None:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            for presented in (*(presented for presented, _ in known), *odd):
                list(self._messages(authenticator, presented))
        printed = capfd.readouterr()
        text = f"{printed.out}{printed.err}{[str(warning.message) for warning in warned]}"
        secrets = {
            pair[1] for presented, _ in known if (pair := decoded(presented)) is not None and len(pair[1]) > PIECE
        }
        secrets |= {presented.authorization.partition(" ")[2] for presented, _ in known if presented.authorization}
        for secret in (WORD, *secrets):
            assert secret not in text, "authenticate prints a credential, or warns with it"

    def _messages(self, authenticator: Authenticator, presented: Presented) -> Iterator[BaseException]:
        try:
            authenticator.authenticate(presented)
        except Refused as refusal:
            yield refusal
