"""Authenticators with broken options, construction, ``user`` or ``close``."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

from contract.tests.broken.register import refused_by
from contract.tests.honest_auth import BasicOptions, HonestBasic
from pydantic import ConfigDict

from entrepot_contract import DriverOptions
from entrepot_contract.auth import Identity


class LooseOptions(BasicOptions):
    """Accepts every option."""

    model_config = ConfigDict(extra="ignore")


@refused_by("test_wrong_options_raise_config_errors")
class OptionsAreLooseHere(HonestBasic):
    """Accepts an unknown option."""

    Options = LooseOptions


@refused_by("test_a_missing_file_raises_a_config_error")
class MissingFilesEscape(HonestBasic):
    """Raises the OSError of a missing file."""

    def __init__(self, options: DriverOptions) -> None:
        assert isinstance(options, BasicOptions)
        Path(options.path).read_bytes()
        super().__init__(options)


@refused_by("test_a_missing_file_raises_a_config_error")
class MissingFilesAreEmpty(HonestBasic):
    """Treats a missing file as one without users."""

    def __init__(self, options: DriverOptions) -> None:
        assert isinstance(options, BasicOptions)
        if Path(options.path).exists():
            super().__init__(options)


@refused_by("test_construction_only_reads")
class ConstructionOpensSockets(HonestBasic):
    """Opens a socket when it is created."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        socket.socket().close()


@refused_by("test_construction_only_reads")
class ConstructionStartsAThread(HonestBasic):
    """Starts a thread when it is created."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        threading.Thread(target=threading.Event().wait, args=[5], daemon=True).start()


@refused_by("test_two_with_the_same_options_agree")
class IsOfTheFuture(HonestBasic):
    """Is written for another version of the contract."""

    contract = (2, 0)


@refused_by("test_a_user_matches_its_credential")
class KnowsEverybody(HonestBasic):
    """Returns users that do not exist."""

    def user(self, name: str) -> Identity | None:
        return super().user(name) or Identity(name)


@refused_by("test_a_user_matches_its_credential")
class StampsDiffer(HonestBasic):
    """Returns different stamps for a user and its credential."""

    def check(self, user: str, password: str) -> Identity:
        found = super().check(user, password)
        return Identity(found.name, found.groups, stamp="of the credential")


@refused_by("test_close_can_be_called_again")
class ClosesOnceOnly(HonestBasic):
    """Cannot be closed twice."""

    shut = False

    def close(self) -> None:
        if self.shut:
            raise ValueError("closed already")
        self.shut = True


@refused_by("test_close_can_be_called_again")
class ClosesForAll(HonestBasic):
    """Closes resources that other instances still use."""

    shut = False

    def check(self, user: str, password: str) -> Identity:
        assert not ClosesForAll.shut, "closed"
        return super().check(user, password)

    def close(self) -> None:
        ClosesForAll.shut = True
