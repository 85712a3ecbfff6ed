"""Authenticators with a broken ``authenticate``."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import threading
from datetime import UTC, datetime, timedelta
from itertools import count

from contract.tests.broken.register import refused_by
from contract.tests.honest_auth import LONGEST, HonestBasic

from entrepot_contract.auth import Access, Identity, Presented, Refused


@refused_by("test_an_unhandled_credential_is_none")
class JudgesNobody(HonestBasic):
    """Refuses a request without a credential."""

    def authenticate(self, presented: Presented) -> Identity | None:
        if not presented.authorization:
            raise Refused("no credential")
        return super().authenticate(presented)


@refused_by("test_an_unhandled_credential_is_none")
class JudgesEveryScheme(HonestBasic):
    """Accepts credentials of any scheme."""

    def parameter(self, presented: Presented) -> str | None:
        if presented.authorization is None:
            return None
        return presented.authorization.partition(" ")[2].strip()


@refused_by("test_no_other_scheme_is_handled")
class JudgesUnknownSchemes(HonestBasic):
    """Refuses unknown schemes."""

    def authenticate(self, presented: Presented) -> Identity | None:
        scheme = (presented.authorization or "").partition(" ")[0].lower()
        if scheme not in {"", "basic", "xbasic", "bearer", "digest", "negotiate", "kit"}:
            raise Refused("the scheme is unknown")
        return super().authenticate(presented)


@refused_by("test_a_valid_credential_returns_its_user")
class NamesNobody(HonestBasic):
    """Returns the same name for all users."""

    def check(self, user: str, password: str) -> Identity:
        return dataclasses.replace(super().check(user, password), name="user")


@refused_by("test_a_valid_credential_returns_its_user")
class EndsWithoutZone(HonestBasic):
    """Returns a naive ``expires``."""

    def check(self, user: str, password: str) -> Identity:
        end = (datetime.now(UTC) + timedelta(hours=1)).replace(tzinfo=None)
        return dataclasses.replace(super().check(user, password), expires=end)


@refused_by("test_a_valid_credential_returns_its_user")
class EndedYesterday(HonestBasic):
    """Accepts an expired credential."""

    def check(self, user: str, password: str) -> Identity:
        return dataclasses.replace(super().check(user, password), expires=datetime.now(UTC) - timedelta(days=1))


@refused_by("test_grants_are_accesses_or_none")
class GrantsLists(HonestBasic):
    """Grants several actions as one."""

    def check(self, user: str, password: str) -> Identity:
        grants = frozenset({Access("repository", "a", "pull,push")})
        return dataclasses.replace(super().check(user, password), grants=grants)


@refused_by("test_schemes_are_case_insensitive")
class CaseMatters(HonestBasic):
    """Compares its scheme case-sensitively."""

    def parameter(self, presented: Presented) -> str | None:
        known = (presented.authorization or "").startswith("Basic ")
        return super().parameter(presented) if known else None


@refused_by("test_an_invalid_credential_is_refused")
class WrongIsNobody(HonestBasic):
    """Returns None for a wrong password."""

    def authenticate(self, presented: Presented) -> Identity | None:
        try:
            return super().authenticate(presented)
        except Refused as error:
            if "wrong" in str(error):
                return None
            raise


@refused_by("test_an_invalid_credential_is_refused")
class TakesEveryPassword(HonestBasic):
    """Accepts a known user with any password that is not the other user's."""

    def check(self, user: str, password: str) -> Identity:
        found = self.user(user)
        return found if found is not None and "kit-" in password else super().check(user, password)


@refused_by("test_an_invalid_credential_is_refused")
class SaysNoReason(HonestBasic):
    """Refuses without a message."""

    def check(self, user: str, password: str) -> Identity:
        try:
            return super().check(user, password)
        except Refused:
            raise Refused from None


@refused_by("test_garbage_is_refused[bad-base64]")
class GarbageIsNobody(HonestBasic):
    """Returns None for a credential that cannot be decoded."""

    def authenticate(self, presented: Presented) -> Identity | None:
        try:
            return super().authenticate(presented)
        except Refused as error:
            if "base64" in str(error):
                return None
            raise


@refused_by("test_garbage_is_refused[bad-base64]")
class GarbageEscapes(HonestBasic):
    """Raises the exception of its decoder."""

    def decode(self, parameter: str) -> tuple[str, str]:
        user, _, password = base64.b64decode(parameter, validate=True).decode().partition(":")
        return user, password


@refused_by("test_nothing_but_refused_is_raised")
class OddGarbageEscapes(HonestBasic):
    """Raises another exception for one letter."""

    def parameter(self, presented: Presented) -> str | None:
        found = super().parameter(presented)
        if found is not None and any(0x80 <= ord(letter) < 0x100 for letter in found):
            raise binascii.Error("latin")
        return found


@refused_by("test_ten_megabytes_are_refused_at_once[A]")
class LongIsNobody(HonestBasic):
    """Returns None for a credential that is too long."""

    def parameter(self, presented: Presented) -> str | None:
        return None if len(presented.authorization or "") > 100 * LONGEST else super().parameter(presented)


@refused_by("test_threads_get_the_same_answers")
class MixesThreads(HonestBasic):
    """Shares the credential being checked among all threads."""

    busy = threading.Lock()

    def check(self, user: str, password: str) -> Identity:
        if not self.busy.acquire(blocking=False):
            raise Refused("another user is being checked")
        try:
            return super().check(user, password)
        finally:
            self.busy.release()


@refused_by("test_unknown_and_known_users_take_the_same_time")
class UnknownIsCheap(HonestBasic):
    """Returns at once for unknown users."""

    def check(self, user: str, password: str) -> Identity:
        if user not in self.users:
            raise Refused("wrong user name or password")
        return super().check(user, password)


@refused_by("test_two_with_the_same_options_agree")
class EachHasItsOwnStamps(HonestBasic):
    """Generates a stamp for every instance."""

    made = count()

    def user(self, name: str) -> Identity | None:
        if "serial" not in vars(self):
            vars(self)["serial"] = next(self.made)
        found = super().user(name)
        return found and dataclasses.replace(found, stamp=str(vars(self)["serial"]))
