"""Drivers that show a secret of their options, or the token of an upload."""

from __future__ import annotations

import logging
from typing import ClassVar

from contract.tests.broken.register import caught_by
from contract.tests.honest_remote import RemoteDriver
from pydantic import SecretStr

from entrepot_contract import (
    Chunks,
    DriverOptions,
    Health,
    ObjectInfo,
    StorageError,
    Unavailable,
    UploadState,
    UploadUnknown,
)

ERROR = "test_no_error_shows_a_secret_or_a_token"
LOG = "test_no_log_record_shows_a_secret_or_a_token"
REPR = "test_no_repr_shows_a_secret"
log = logging.getLogger("broken")


class Telling(RemoteDriver):
    """Has its password at hand."""

    @property
    def password(self) -> str:
        return self.options.password.get_secret_value()


@caught_by(ERROR)
class ErrorShowsThePassword(Telling):
    """Shows the address with the password when it cannot be reached."""

    def meaning(self, operation: str, key: str | None, error: Exception) -> StorageError:
        return self.fail(Unavailable, operation, key, f"cannot reach http://user:{self.password}@{self.options.host}")


@caught_by(ERROR)
class CauseShowsThePassword(Telling):
    """Raises from an exception that shows the password."""

    def meaning(self, operation: str, key: str | None, error: Exception) -> StorageError:
        found = super().meaning(operation, key, error)
        found.__cause__ = ConnectionError(f"sent {{'password': {self.password!r}}}")
        found.__cause__.__cause__ = error
        raise found from found.__cause__


@caught_by(ERROR)
class NoteShowsThePassword(Telling):
    """Adds a note with its options."""

    def meaning(self, operation: str, key: str | None, error: Exception) -> StorageError:
        found = super().meaning(operation, key, error)
        found.add_note(f"with the password {self.password}")
        return found


@caught_by(ERROR)
class DenialShowsThePassword(Telling):
    """Shows the password that was refused."""

    def stat(self, key: str) -> ObjectInfo:
        try:
            return super().stat(key)
        except StorageError as error:
            error.args = (f"{error.message} with {self.password}",)
            raise


@caught_by(ERROR)
class HealthShowsThePassword(Telling):
    """Shows the password in the detail when the backend is down."""

    def health(self) -> Health:
        found = super().health()
        return Health(found.ok, found.latency, f"{found.detail} {'' if found.ok else self.password}")


@caught_by(ERROR)
class ErrorShowsTheToken(RemoteDriver):
    """Names an unknown upload by its token."""

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        try:
            return super().upload_commit(state, target=target)
        except UploadUnknown as error:
            raise self.fail(UploadUnknown, "upload_commit", state.key, f"no upload {state.token}") from error


@caught_by(REPR)
class ReprShowsThePassword(Telling):
    """Shows its password in its repr."""

    def __repr__(self) -> str:
        return f"ReprShowsThePassword({self.options.host!r}, {self.password!r})"


class OpenOptions(DriverOptions):
    """Options whose password is not secret."""

    host: str
    port: int
    password: str
    timeout: float = 2.0


@caught_by(REPR)
class PasswordIsPlainText(RemoteDriver):
    """Declares its password as text."""

    Options: ClassVar[type[DriverOptions]] = OpenOptions

    def __init__(self, options: DriverOptions) -> None:
        assert isinstance(options, OpenOptions)
        values = {**options.model_dump(), "password": SecretStr(options.password)}
        super().__init__(RemoteDriver.Options.model_validate(values))


@caught_by(LOG)
class LogShowsThePassword(Telling):
    """Logs its requests with the password."""

    def stat(self, key: str) -> ObjectInfo:
        log.debug("GET %s with password %s", key, self.password)
        return super().stat(key)


@caught_by(LOG)
class LogShowsThePasswordOfFailures(Telling):
    """Logs its options when a request fails."""

    def meaning(self, operation: str, key: str | None, error: Exception) -> StorageError:
        log.warning("failed", extra={"options": {"password": self.password}})
        return super().meaning(operation, key, error)


@caught_by(LOG)
class LogShowsTheToken(RemoteDriver):
    """Logs the token of each append."""

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        log.info("append to %s", state.token)
        return super().upload_append(state, data)
