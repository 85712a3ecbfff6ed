"""Tests that no secret of the options, and no token of an upload, appears in errors, reprs, logs or health details."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator

import pytest

from entrepot_contract import Capabilities, StorageDriver, UploadState
from entrepot_contract.options import parse_options
from entrepot_contract.testing.outcomes import Outcome, outcome, outcomes
from entrepot_contract.testing.secrets import chain, said, secrets_of, shows, text_of
from entrepot_contract.testing.sentences import needs, sentence
from entrepot_contract.testing.storage.base import Config, ContractBase, OpenerOf
from entrepot_contract.testing.storage.content import listed, read_back
from entrepot_contract.testing.storage.failing import Prepared, errors_of, prepare, verbs

__all__ = ["SecrecyContract"]

NO_SECRET = "No error, repr or log record shows a secret of the options, or the token of an upload."  # noqa: S105 - a sentence
HEALTH = "never raises, and never reveals a secret."


def mistakes(driver: StorageDriver, state: UploadState) -> tuple[dict[str, Outcome], set[str]]:
    """Return the outcomes of calls that fail although the backend works, and the tokens of the states that they use."""
    wrong = UploadState("a/u", 3, state.token[:-1])
    lost = driver.upload_append(driver.upload_start("a/u"), [b"lost"])
    other = driver.upload_start("a/u")
    late = driver.upload_append(other, [b"late"])
    driver.upload_append(other, [b"early"])
    driver.upload_abort(lost)
    found = outcomes(
        {
            "read": lambda: read_back(driver, "a/missing"),
            "read past the end": lambda: read_back(driver, "a/k", offset=2**40),
            "stat": lambda: driver.stat("a/missing"),
            "move": lambda: driver.move("a/missing", "b"),
            "move onto itself": lambda: driver.move("a/k", "a/k"),
            "upload_append": lambda: driver.upload_append(wrong, [b"x"]),
            "upload_commit": lambda: driver.upload_commit(wrong),
            "upload_append after an abort": lambda: driver.upload_append(lost, [b"x"]),
            "upload_commit after an abort": lambda: driver.upload_commit(lost),
            "upload_append of an overtaken state": lambda: driver.upload_append(late, [b"x"]),
            "upload_commit of an overtaken state": lambda: driver.upload_commit(late),
        },
        60,
    )
    return found, {wrong.token, lost.token, late.token}


class SecrecyContract(ContractBase):
    """Tests that search everything which may be shown or logged."""

    @pytest.fixture
    def places(
        self, config: Config, unreachable: Config | None, hanging: Config | None, denied: Config | None
    ) -> dict[str, Config]:
        """The options of each backend that does not work."""
        found = {"unreachable": unreachable, "hanging": hanging, "denied": denied}
        return {name: options for name, options in found.items() if options is not None}

    def guarded(self, config: Config) -> set[str]:
        """Return the secrets in options."""
        return secrets_of(parse_options(self.driver_class.Options, config, driver=self.driver_class.name))

    def bad_calls(
        self, open_with: OpenerOf, places: dict[str, Config], made: Prepared, claims: Capabilities
    ) -> Iterator[tuple[StorageDriver, Outcome, set[str]]]:
        """Yield the outcome of each verb with each backend that does not work, and the secrets that it may not show."""
        for options in places.values():
            driver = open_with(options)
            for each in outcomes(verbs(driver, made, claims), self.failure_timeout).values():
                yield driver, each, self.guarded(options)
            yield driver, outcome("health", driver.health, self.failure_timeout), self.guarded(options)

    @sentence("StorageDriver", NO_SECRET)
    @sentence("health", HEALTH)
    def test_no_error_shows_a_secret_or_a_token(
        self,
        driver: StorageDriver,
        open_with: OpenerOf,
        places: dict[str, Config],
        secrets: set[str],
        claims: Capabilities,
    ) -> None:
        made = prepare(driver)
        tokens = {state.token for state in (made.appended, made.committed, made.aborted)}
        found, used = mistakes(driver, made.appended)
        for each in found.values():
            check(each, driver, secrets | tokens | used)
        for lost, each, hidden in self.bad_calls(open_with, places, made, claims):
            check(each, lost, hidden | tokens)

    @sentence("StorageDriver", NO_SECRET)
    def test_no_log_record_shows_a_secret_or_a_token(
        self,
        driver: StorageDriver,
        open_with: OpenerOf,
        places: dict[str, Config],
        secrets: set[str],
        claims: Capabilities,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        caplog.set_level(logging.DEBUG)
        made = prepare(driver)
        hidden = secrets | {state.token for state in (made.appended, made.committed, made.aborted)}
        hidden |= mistakes(driver, made.appended)[1]
        for _, _, more in self.bad_calls(open_with, places, made, claims):
            hidden |= more
        driver.upload_commit(made.appended)
        driver.upload_abort(made.aborted)
        assert listed(driver)
        driver.close()
        for record in caplog.records:
            assert not shows(said([record]), hidden), f"a log record of {record.name!r} shows a secret or a token"

    @sentence("StorageDriver", NO_SECRET)
    @needs("secrets")
    def test_no_repr_shows_a_secret(self, driver: StorageDriver, config: Config, secrets: set[str]) -> None:
        options = parse_options(self.driver_class.Options, config, driver=self.driver_class.name)
        driver.put("a/k", b"content")
        with driver.read("a/k") as reader:
            shown = [driver, options, reader, reader.info, driver.upload_start("a/u"), driver.health()]
        for each in shown:
            assert not shows(f"{each!r} {each}", secrets), f"the repr of {type(each).__name__} shows a secret"


def check(each: Outcome, driver: StorageDriver, hidden: set[str]) -> None:
    """Check the exception of a call, all that it followed, the traceback and the driver's repr."""
    assert not shows(f"{driver!r} {driver} {each.result!r}", hidden), f"{each.name}: a repr shows a secret or a token"
    if each.error is None:
        return
    for error in errors_of(each.error):
        for link in chain(error):
            assert not shows(text_of(link), hidden), f"{each.name}: {type(link).__name__} shows a secret or a token"
        whole = "".join(traceback.format_exception(error))
        assert not shows(whole, hidden), f"{each.name}: the traceback shows a secret or a token"
