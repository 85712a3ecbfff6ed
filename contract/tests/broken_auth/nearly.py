"""Authenticators that confuse names or passwords with others that are nearly the same."""

from __future__ import annotations

import fnmatch
import unicodedata

from contract.tests.broken.register import refused_by
from contract.tests.honest_auth import HonestBasic

from entrepot_contract.auth import Identity, Refused

NEARLY_RIGHT = "test_a_password_that_is_nearly_right_is_refused"
NEARLY_NAMED = "test_a_name_that_is_nearly_right_is_refused_or_unknown"


@refused_by(NEARLY_RIGHT)
class PasswordsHaveNoCase(HonestBasic):
    """Compares passwords without their case."""

    def digest(self, user: str, password: str) -> str:
        return super().digest(user, password.lower())


@refused_by(NEARLY_RIGHT)
class PasswordsAreStripped(HonestBasic):
    """Ignores spaces around a password."""

    def digest(self, user: str, password: str) -> str:
        return super().digest(user, password.strip())


@refused_by(NEARLY_RIGHT)
class PasswordsHaveEightLetters(HonestBasic):
    """Ignores everything after the eighth letter, as crypt(3) did."""

    def digest(self, user: str, password: str) -> str:
        return super().digest(user, password[:8])


@refused_by(NEARLY_RIGHT)
class PasswordsEndAtNul(HonestBasic):
    """Passes a password to C, where it ends at a NUL."""

    def digest(self, user: str, password: str) -> str:
        return super().digest(user, password.partition("\0")[0])


@refused_by(NEARLY_RIGHT)
class PasswordsEndAtAColon(HonestBasic):
    """Splits a credential at every colon."""

    def digest(self, user: str, password: str) -> str:
        return super().digest(user, password.split(":")[0])


@refused_by(NEARLY_RIGHT)
class PasswordsAreNormalized(HonestBasic):
    """Accepts a password in every Unicode form."""

    def digest(self, user: str, password: str) -> str:
        return super().digest(user, unicodedata.normalize("NFKC", password))


@refused_by(NEARLY_RIGHT)
class PasswordsAreAscii(HonestBasic):
    """Drops the letters of a password that are not ASCII."""

    def digest(self, user: str, password: str) -> str:
        return super().digest(user, password.encode("ascii", "ignore").decode())


@refused_by(NEARLY_NAMED)
class NamesHaveNoCase(HonestBasic):
    """Finds users whatever the case of their name is, and returns it as it was written."""

    def check(self, user: str, password: str) -> Identity:
        super().check(user.lower(), password)
        return Identity(user)


@refused_by(NEARLY_NAMED)
class NamesAreStripped(HonestBasic):
    """Ignores spaces around a name."""

    def check(self, user: str, password: str) -> Identity:
        return super().check(user.strip(), password)


@refused_by(NEARLY_NAMED)
class NamesAreNormalized(HonestBasic):
    """Finds users by compatible letters."""

    def check(self, user: str, password: str) -> Identity:
        return super().check(unicodedata.normalize("NFKC", user), password)


@refused_by(NEARLY_NAMED)
class NamesAreLookedUpLoosely(HonestBasic):
    """Knows users in ``user`` whatever the case of their name is."""

    def user(self, name: str) -> Identity | None:
        return super().user(name.lower())


@refused_by(NEARLY_NAMED)
class NamesArePatterns(HonestBasic):
    """Searches users with a pattern."""

    def check(self, user: str, password: str) -> Identity:
        for name in self.users:
            if fnmatch.fnmatchcase(name, user):
                return super().check(name, password)
        return super().check(user, password)


@refused_by("test_no_user_has_the_password_of_another")
class AnyPasswordOfTheFile(HonestBasic):
    """Accepts a user with the password of another one."""

    def check(self, user: str, password: str) -> Identity:
        for name in self.users:
            try:
                super().check(name, password)
            except Refused:
                continue
            return super().check(user, password) if user not in self.users else Identity(user)
        return super().check(user, password)


@refused_by("test_a_valid_credential_with_more_behind_it_is_refused")
class ReadsTheFirstWord(HonestBasic):
    """Ignores what follows the credential."""

    def decode(self, parameter: str) -> tuple[str, str]:
        return super().decode(parameter.split()[0] if parameter.split() else parameter)


@refused_by("test_long_and_binary_users_and_passwords_are_refused")
class LongPasswordsEscape(HonestBasic):
    """Raises ValueError for a password of more than 72 bytes, as bcrypt 5 does."""

    def digest(self, user: str, password: str) -> str:
        if len(password.encode("utf-8", "surrogatepass")) > 72:
            raise ValueError("password cannot be longer than 72 bytes")
        return super().digest(user, password)


@refused_by("test_long_and_binary_users_and_passwords_are_refused")
class LongNamesEscape(HonestBasic):
    """Fails for a name that no file name can hold."""

    def check(self, user: str, password: str) -> Identity:
        if len(user.encode("utf-8", "surrogatepass")) > 255:
            raise OSError("File name too long")
        return super().check(user, password)


@refused_by("test_bad_base64_of_a_valid_credential_is_refused_or_the_same")
class OddBase64IsNoUser(HonestBasic):
    """Returns None for base64 without its padding."""

    def check(self, user: str, password: str) -> Identity:
        return super().check(user, password)

    def decode(self, parameter: str) -> tuple[str, str]:
        if len(parameter) % 4 == 3:
            raise LookupError("not a whole number of groups")
        return super().decode(parameter)


@refused_by("test_users_with_similar_names_are_different")
class ShortPasswordsAreNone(HonestBasic):
    """Accepts any password for a user whose password is short."""

    def digest(self, user: str, password: str) -> str:
        return super().digest(user, "" if len(password) < 3 else password)


@refused_by("test_users_with_similar_names_are_different")
class SeventyBytesCount(HonestBasic):
    """Ignores everything after the 70th byte of a password."""

    def digest(self, user: str, password: str) -> str:
        return super().digest(user, password.encode("utf-8", "surrogatepass")[:70].decode("utf-8", "replace"))
