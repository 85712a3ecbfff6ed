"""Authenticators whose results depend on what was presented before, or that handle changes of their file badly."""

from __future__ import annotations

import logging
import os
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from contract.tests.broken.register import refused_by
from contract.tests.honest_auth import BasicOptions, HonestBasic, HonestIssuer

from entrepot_contract import DriverOptions
from entrepot_contract.auth import Access, Identity, Presented, Refusal, Refused
from entrepot_contract.tokens import Authority, TokenAnswer, TokenRequest

log = logging.getLogger("broken")


class Remembers(HonestBasic):
    """Has a place for what it remembers of each user."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.remembered: dict[str, Identity] = {}
        self.failed: dict[str, int] = {}


@refused_by("test_wrong_credentials_are_refused_again_after_right_ones")
class RemembersTheUserOnly(Remembers):
    """Accepts every password of a user that has logged in."""

    def check(self, user: str, password: str) -> Identity:
        if user not in self.remembered:
            self.remembered[user] = super().check(user, password)
        return self.remembered[user]


@refused_by("test_letters_moved_between_name_and_password_are_refused")
class RemembersJoinedLetters(Remembers):
    """Remembers accepted credentials as the name and the password with nothing between them."""

    def check(self, user: str, password: str) -> Identity:
        if f"{user}{password}" not in self.remembered:
            self.remembered[f"{user}{password}"] = super().check(user, password)
        return self.remembered[f"{user}{password}"]


@refused_by("test_many_wrong_credentials_lock_no_user_out")
class LocksUsersOut(Remembers):
    """Refuses a user after ten wrong passwords."""

    def check(self, user: str, password: str) -> Identity:
        if self.failed.get(user, 0) >= 10:
            raise Refused("too many wrong passwords")
        try:
            return super().check(user, password)
        except Refused:
            self.failed[user] = self.failed.get(user, 0) + 1
            raise


@refused_by("test_many_wrong_credentials_lock_no_user_out")
class LocksAddressesOut(HonestBasic):
    """Refuses every credential of an address that has sent 20 wrong ones."""

    wrong = 0

    def authenticate(self, presented: Presented) -> Identity | None:
        try:
            found = super().authenticate(presented)
        except Refused:
            self.wrong += 1
            raise
        if self.wrong > 20:
            raise Refused("too many wrong credentials")
        return found


@refused_by("test_the_order_of_credentials_does_not_matter")
class RemembersWrongUsers(Remembers):
    """Refuses a user again whose first password was wrong."""

    def check(self, user: str, password: str) -> Identity:
        if user in self.failed and user not in self.remembered:
            raise Refused("wrong before")
        try:
            self.remembered[user] = super().check(user, password)
        except Refused:
            self.failed[user] = 1
            raise
        return self.remembered[user]


@refused_by("test_threads_with_right_and_wrong_credentials_get_their_own_results")
class MixesTheCrowd(HonestBasic):
    """Keeps the password that is being checked in an attribute, and looks at it after the computation."""

    given = ""

    def check(self, user: str, password: str) -> Identity:
        self.given = password
        time.sleep(0.001)
        return super().check(user, self.given)


@refused_by("test_all_credentials_of_a_user_return_the_same_user")
class StampsOfPasswords(HonestBasic):
    """Returns the stamp of the password, not of the user."""

    def check(self, user: str, password: str) -> Identity:
        found = super().check(user, password)
        return Identity(found.name, found.groups, stamp=self.digest(user, password)[:8])


@refused_by("test_a_challenge_depends_on_its_request_alone")
class ChallengesForTheFirst(HonestIssuer):
    """Remembers the challenge of its first request."""

    first: str | None = None

    def challenge(self, presented: Presented, wanted: Sequence[Access], refusal: Refusal | None) -> str | None:
        if self.first is None:
            self.first = super().challenge(presented, wanted, refusal)
        return self.first


@refused_by("test_a_challenge_depends_on_its_request_alone")
class ChallengesByHistory(HonestBasic):
    """Puts the last refusal into the challenge."""

    last = "none"

    def check(self, user: str, password: str) -> Identity:
        self.last = "right"
        try:
            return super().check(user, password)
        except Refused:
            self.last = "wrong"
            raise

    def challenge(self, presented: Presented, wanted: Sequence[Access], refusal: Refusal | None) -> str | None:
        return f'Basic realm="kit", last="{self.last}"'


@refused_by("test_checks_leave_no_files_and_threads")
class OpensASocketForEveryCheck(HonestBasic):
    """Leaves a connection open after every check."""

    left: ClassVar[list[socket.socket]] = []

    def check(self, user: str, password: str) -> Identity:
        self.left.append(socket.socket())
        return super().check(user, password)


@refused_by("test_a_changed_password_counts_and_changes_the_stamp")
class RemembersOldPasswords(Remembers):
    """Accepts a password that was right before it was changed."""

    def check(self, user: str, password: str) -> Identity:
        if password not in self.remembered:
            self.remembered[password] = super().check(user, password)
        if self.remembered[password].name != user:
            return super().check(user, password)
        return self.remembered[password]


@refused_by("test_a_changed_password_counts_and_changes_the_stamp")
class StampsOfNames(HonestBasic):
    """Has a stamp that does not depend on the password."""

    def stamp(self, digests: Sequence[str]) -> str:
        return "1"


@refused_by("test_removed_and_added_users_count")
class KnowsRemovedUsers(Remembers):
    """Returns users in ``user`` that were removed."""

    def user(self, name: str) -> Identity | None:
        found = super().user(name) or self.remembered.get(name)
        if found is not None:
            self.remembered[name] = found
        return found


@refused_by("test_a_file_that_cannot_be_used_changes_nothing")
class ReadsForEveryCheck(HonestBasic):
    """Reads its file for every check, and fails while it is missing."""

    def check(self, user: str, password: str) -> Identity:
        assert isinstance(self.options, BasicOptions)
        self.read(Path(self.options.path).read_bytes())
        return super().check(user, password)


@refused_by("test_a_file_that_cannot_be_used_changes_nothing")
class NoUsersWithoutAFile(HonestBasic):
    """Has no users while its file is missing."""

    def check(self, user: str, password: str) -> Identity:
        assert isinstance(self.options, BasicOptions)
        if not os.path.exists(self.options.path):
            raise Refused("unknown user")
        return super().check(user, password)


@refused_by("test_no_message_shows_a_piece_of_a_credential")
class ShowsTheBeginning(HonestBasic):
    """Shows the first letters of a wrong password."""

    def check(self, user: str, password: str) -> Identity:
        try:
            return super().check(user, password)
        except Refused:
            raise Refused(f"the password {password[:4]}*** is wrong") from None


@refused_by("test_nothing_is_printed_about_a_credential")
class PrintsPasswords(HonestBasic):
    """Prints what it checks."""

    def check(self, user: str, password: str) -> Identity:
        sys.stdout.write(f"checking {user} {password}\n")
        return super().check(user, password)


@refused_by("test_requests_in_turn_get_what_each_asked_for")
class TokensAddUp(HonestIssuer):
    """Grants also what the same user got before."""

    got: frozenset[Access] = frozenset()

    def granted(self, authority: Authority, who: Identity | None, wanted: Sequence[Access]) -> frozenset[Access]:
        self.got |= super().granted(authority, who, wanted)
        return self.got


@refused_by("test_requests_at_once_get_what_each_asked_for")
class MixesRequests(HonestIssuer):
    """Keeps the accesses that are being granted in an attribute."""

    wanted: Sequence[Access] = ()

    def granted(self, authority: Authority, who: Identity | None, wanted: Sequence[Access]) -> frozenset[Access]:
        self.wanted = wanted
        time.sleep(0.001)
        return super().granted(authority, who, self.wanted)


@refused_by("test_rules_are_asked_for_every_token")
class RemembersRules(HonestIssuer):
    """Remembers what a user may do."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.rules: dict[tuple[str, Sequence[Access]], frozenset[Access]] = {}

    def granted(self, authority: Authority, who: Identity | None, wanted: Sequence[Access]) -> frozenset[Access]:
        key = (who.name if who is not None else "", tuple(wanted))
        if key not in self.rules:
            self.rules[key] = super().granted(authority, who, wanted)
        return self.rules[key]


@refused_by("test_a_wrong_password_gets_no_token_after_a_right_one")
class RemembersForms(HonestIssuer):
    """Remembers that a user of a form has logged in."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.seen: dict[str, Identity] = {}

    def issue(self, request: TokenRequest, authority: Authority) -> TokenAnswer:
        name = "".join(request.parameters.get("username", []))
        if request.method == "POST" and name in self.seen:
            return self.grant(request, authority, self.seen[name], False)
        answer = super().issue(request, authority)
        user = authority.user(name)
        if request.method == "POST" and answer.status == 200 and user is not None:
            self.seen[name] = user
        return answer
