"""Tests of configuration, ``user`` and ``close``."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

import pytest

from entrepot_contract.auth import AUTH_CONTRACT_VERSION, Authenticator, Identity, Presented
from entrepot_contract.testing.auth.base import AuthBase, Known, Opener
from entrepot_contract.testing.auth.credentials import SENTINEL, raw, refusal_of
from entrepot_contract.testing.auth.world import WANTED
from entrepot_contract.testing.base import stop
from entrepot_contract.testing.configuring import refuses_missing_files, refuses_wrong_options
from entrepot_contract.testing.processes import ProcessBase, Processes
from entrepot_contract.testing.sentences import sentence

__all__ = ["LifecycleContract"]


class LifecycleContract(AuthBase, ProcessBase):
    """Tests of construction, ``user`` and ``close``."""

    @sentence("from_config", "Raises ConfigError if an option is unknown, missing or wrong.")
    def test_wrong_options_raise_config_errors(self, config: Mapping[str, object]) -> None:
        refuses_wrong_options(self.authenticator_class, config)

    @sentence("__init__", "Raises ConfigError if a file cannot be used.")
    def test_a_missing_file_raises_a_config_error(
        self, request: pytest.FixtureRequest, config: Mapping[str, object]
    ) -> None:
        if not refuses_missing_files(self.authenticator_class, config):
            stop(request, "not-claimed", "no option names a file")

    @sentence("__init__", "Store the options and read the files that they name; open no connection, start no thread.")
    def test_construction_only_reads(self, config: Mapping[str, object], processes: Processes) -> None:
        assert processes.start().call("construct", config=config) == []

    @sentence("from_config", "Return an authenticator for its section of the configuration.")
    @sentence("Authenticator", "which are found by name in the entry-point group ``entrepot.auth``.")
    def test_two_with_the_same_options_agree(
        self, open_authenticator: Opener, known: Known, refused: Sequence[Presented]
    ) -> None:
        first, second = open_authenticator(), open_authenticator()
        assert first.name == self.authenticator_class.name, "an instance has another name than its class"
        assert first.contract[0] == AUTH_CONTRACT_VERSION[0], "the major version must match"
        for presented, name in known:
            identity = first.authenticate(presented)
            assert identity is not None
            assert identity.name == name
            assert second.authenticate(presented) == identity, "all workers must return the same identity"
            assert first.user(name) == second.user(name), f"user({name!r}) differs between two instances"
        for presented in refused:
            refusal_of(first, presented)
            refusal_of(second, presented)
        assert first.challenge(raw(None), WANTED, "invalid") == second.challenge(raw(None), WANTED, "invalid")

    @sentence("user", "Return a user by name, with its current groups and stamp, or None if the user is unknown here.")
    @sentence("Identity", "``stamp`` changes whenever the user's credential changes")
    def test_a_user_matches_its_credential(self, authenticator: Authenticator, known: Known) -> None:
        for presented, name in known:
            identity, user = authenticator.authenticate(presented), authenticator.user(name)
            assert identity is not None
            if user is not None:
                assert type(user) is Identity, f"user({name!r}) returned {type(user).__name__}"
                assert (user.name, user.groups, user.stamp) == (name, identity.groups, identity.stamp), (
                    f"user({name!r}) returns another name, groups or stamp than its credential"
                )
                assert user.grants is None, "a user has no grants; only a credential has"
                assert authenticator.user(name) == user, f"user({name!r}) returns something else the second time"
        for unknown in (f"{SENTINEL}-unknown", "", "\0", "\ud800", "a:b", "x" * 10_000):
            assert authenticator.user(unknown) is None, f"user() knows {unknown[:40]!r}, which does not exist"

    @sentence("close", "Release all resources: files, connections and threads. Idempotent.")
    def test_close_can_be_called_again(self, open_authenticator: Opener, known: Known) -> None:
        unused, used = open_authenticator(), open_authenticator()
        before = threading.active_count()
        unused.close()
        for presented, name in known:
            identity = used.authenticate(presented)
            assert identity is not None
            assert identity.name == name, "closing one must not affect another"
        used.close()
        used.close()
        unused.close()
        assert threading.active_count() <= before, "threads are running after close()"
