"""Tests with users of the kit, and of files that change while the authenticator is open."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from entrepot_contract.auth import Authenticator, Identity
from entrepot_contract.testing.auth.base import AuthBase, Known, Opener, SetUsers
from entrepot_contract.testing.auth.credentials import basic
from entrepot_contract.testing.auth.nearly import EXACT_NAME, EXACT_WORD, must_refuse, outcome
from entrepot_contract.testing.auth.spelling import COUNTED, misspelt, with_pair
from entrepot_contract.testing.base import stop
from entrepot_contract.testing.sentences import needs, sentence
from entrepot_contract.testing.threads import together

__all__ = ["UserContract"]

STAMP: Final = "``stamp`` changes whenever the user's credential changes"
KEPT: Final = (
    "One that reads a changed file again keeps the previous content while the file is missing or cannot be used."
)
CURRENT: Final = "Return a user by name, with its current groups and stamp, or None if the user is unknown here."
USERS: Final = {
    "kit-user": "Kit-Password-1",
    "kit-user2": "kit-password-1",
    "Kit-User": "KIT-PASSWORD-1",
    "j\u00fcrgen": "p\u00e4ss:w\u00f6rd: \u5bc6\u7801",
    "kit.long": "x" * COUNTED,
    "kit_almost-long": "x" * (COUNTED - 1),
    "kit-spaces": "a  b c",
    "kit-short": "a",
    "kit-percent": "100%25+*?",
}
SOON: Final = 30.0
"""Seconds after which a change of the users counts at the latest."""

ADDED: Final = 2.5
"""Seconds for which users are added."""

LOOKED: Final = 1.2
"""Seconds in which an authenticator that looks at its files once a second has noticed a change."""


def soon(true: Callable[[], bool], otherwise: str) -> None:
    """Wait until a condition is true; fails with words if it does not become true in time."""
    until = time.monotonic() + SOON
    while not true():
        assert time.monotonic() < until, f"{otherwise} after {SOON:.0f} s"
        time.sleep(0.05)


class UserContract(AuthBase):
    """Tests with ``set_users``, and of the files that options name."""

    @sentence("authenticate", EXACT_WORD)
    @sentence("authenticate", EXACT_NAME)
    @needs("set_users")
    def test_users_with_similar_names_are_different(self, open_authenticator: Opener, set_users: SetUsers) -> None:
        users = USERS if self.exact_names else {name: word for name, word in USERS.items() if name != "Kit-User"}
        set_users(users)
        authenticator = open_authenticator()
        for name, password in users.items():
            identity = outcome(authenticator, basic(name, password))
            assert isinstance(identity, Identity), f"{name!r} is refused with its right password {password!r}"
            assert identity.name == name, f"the credential of {name!r} returned {identity.name!r}"
            assert authenticator.user(name) is not None or authenticator.user(name) == identity
            for kind, other in misspelt(password).items():
                if other[:COUNTED] != password.encode()[:COUNTED]:
                    what = f"{name!r} with a wrong password instead of {password!r} ({kind})"
                    must_refuse(authenticator, with_pair(basic(name, ""), name.encode(), other), what)
        stamps = {name: found.stamp for name in users if (found := authenticator.user(name)) is not None}
        assert len(set(stamps.values()) - {""}) in {0, len(stamps)}, (
            "users with different passwords have the same stamp"
        )

    @sentence("Identity", STAMP)
    @sentence("user", CURRENT)
    @needs("set_users")
    def test_a_changed_password_counts_and_changes_the_stamp(
        self, open_authenticator: Opener, set_users: SetUsers
    ) -> None:
        old, new = basic("kit-user", "kit-password-old"), basic("kit-user", "kit-password-new")
        others = {"kit-other": "kit-password-kept"}
        set_users({"kit-user": "kit-password-old", **others})
        authenticator = open_authenticator()
        before = outcome(authenticator, old)
        assert isinstance(before, Identity), "a right password is refused"
        must_refuse(authenticator, new, "a password that is set later")
        set_users({"kit-user": "kit-password-new", **others})
        soon(lambda: isinstance(outcome(authenticator, new), Identity), "the new password of a user is still refused")
        must_refuse(authenticator, old, "the password that a user had before it was changed")
        after = outcome(authenticator, new)
        assert isinstance(after, Identity)
        assert after.stamp != before.stamp, "the stamp of a user stays the same although its password has changed"
        now = authenticator.user("kit-user")
        assert now is None or now.stamp == after.stamp, "user() still returns the stamp of the old password"
        kept = outcome(authenticator, basic("kit-other", "kit-password-kept"))
        assert isinstance(kept, Identity), "a user is refused since the password of another one was changed"

    @sentence("user", CURRENT)
    @needs("set_users")
    def test_removed_and_added_users_count(self, open_authenticator: Opener, set_users: SetUsers) -> None:
        first, second = basic("kit-first", "kit-password-1"), basic("kit-second", "kit-password-2")
        set_users({"kit-first": "kit-password-1"})
        authenticator = open_authenticator()
        assert isinstance(outcome(authenticator, first), Identity), "a right password is refused"
        must_refuse(authenticator, second, "a user that does not exist yet")
        set_users({"kit-second": "kit-password-2"})
        soon(lambda: isinstance(outcome(authenticator, second), Identity), "a new user is still refused")
        must_refuse(authenticator, first, "a user that was removed")
        assert authenticator.user("kit-first") is None, "user() still knows a user that was removed"

    @sentence("user", CURRENT)
    @sentence("Authenticator", "Authenticators are synchronous and thread-safe.")
    @needs("set_users")
    def test_users_stay_known_while_others_are_added(self, open_authenticator: Opener, set_users: SetUsers) -> None:
        users = {"kit-stays": "kit-password-1"}
        set_users(users)
        authenticator, presented = open_authenticator(), basic("kit-stays", "kit-password-1")
        assert isinstance(outcome(authenticator, presented), Identity), "a right password is refused"
        known = authenticator.user("kit-stays")
        until = time.monotonic() + ADDED

        def work(number: int) -> None:
            turn = 0
            while time.monotonic() < until:
                turn += 1
                if number == 0:
                    users[f"kit-more-{turn % 5}"] = f"kit-password-{turn}"
                    set_users(users)
                    time.sleep(0.2)
                else:
                    answer = outcome(authenticator, presented)
                    assert isinstance(answer, Identity), "a user is refused while others are added"
                    found = authenticator.user("kit-stays")
                    assert (found is None) == (known is None), "user() forgets a user while others are added"
                    time.sleep(0.001)

        together(work)

    @sentence("user", CURRENT)
    @needs("set_users")
    def test_changes_shortly_after_each_other_all_count(self, open_authenticator: Opener, set_users: SetUsers) -> None:
        set_users({"kit-user": "kit-password-0"})
        authenticator = open_authenticator()
        assert isinstance(outcome(authenticator, basic("kit-user", "kit-password-0")), Identity)
        while time.time() % 1 > 0.15:
            time.sleep(0.02)
        # Several changes in one second of the clock, which have the same time in whole seconds.
        last = 0
        while last < 2 or time.time() % 1 < 0.8:
            last += 1
            set_users({"kit-user": f"kit-password-{last}"})
            outcome(authenticator, basic("kit-user", f"kit-password-{last}"))
            time.sleep(0.1)
        presented = basic("kit-user", f"kit-password-{last}")
        soon(
            lambda: isinstance(outcome(authenticator, presented), Identity), "the last of several passwords is refused"
        )
        must_refuse(authenticator, basic("kit-user", f"kit-password-{last - 1}"), "the last password but one")

    @sentence("Authenticator", KEPT)
    def test_a_file_that_cannot_be_used_changes_nothing(
        self,
        request: pytest.FixtureRequest,
        authenticator: Authenticator,
        config: Mapping[str, object],
        known: Known,
    ) -> None:
        files = sorted(set(_files(config)))
        if not files:
            stop(request, "not-claimed", "no option names a file")
        expected = {presented: authenticator.authenticate(presented) for presented, _ in known}
        contents = {file: file.read_bytes() for file in files}
        try:
            for what, spoil in (("half-written", _halve), ("missing", os.remove)):
                for file in files:
                    spoil(file)
                until = time.monotonic() + LOOKED
                while time.monotonic() < until:
                    for presented, name in known:
                        assert outcome(authenticator, presented) == expected[presented], (
                            f"the identity of {name!r} changed while the files of the options were {what}"
                        )
                    time.sleep(0.1)
        finally:
            for file, content in contents.items():
                file.write_bytes(content)
        soon(
            lambda: all(outcome(authenticator, presented) == expected[presented] for presented, _ in known),
            "the files can be used again, and a valid credential is still refused",
        )


def _halve(file: Path) -> None:
    """Leave half of the first line and bytes that are no text, as a writer does that is interrupted."""
    line = file.read_bytes().partition(b"\n")[0]
    file.write_bytes(line[: len(line) // 2] + b"\0\xff\xfe")


def _files(value: object) -> Iterator[Path]:
    if isinstance(value, str) and value and Path(value).is_file():
        yield Path(value)
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _files(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _files(inner)
