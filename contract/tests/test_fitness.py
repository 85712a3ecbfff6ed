"""What is said of plugins that cannot be used, where no installed package is needed to see it."""

from __future__ import annotations

from contract.tests.honest import HonestDriver

from entrepot_contract.fitness import unfit
from entrepot_contract.server import ApplicationFactory, ServerDriver, ServerSettings
from entrepot_contract.storage import StorageDriver


class Server(ServerDriver):
    """A server that says nothing of what it can do."""

    name = "silent"
    contract = (1, 0)

    def serve(self, factory: ApplicationFactory, settings: ServerSettings) -> None:
        """Nothing is served."""


class Saying(Server):
    """The same, with what the host asks before it starts one."""

    multiprocess = False
    tls = False


def test_a_server_that_does_not_say_what_it_can_do_lacks_it() -> None:
    said = unfit(Server, "silent 1.0", ServerDriver, (1, 0))
    assert said == (
        "it does not implement multiprocess, tls; install a different version than silent 1.0, or contact its author"
    )


def test_plugins_with_all_that_their_contract_asks_for_are_fit() -> None:
    assert unfit(Saying, "", ServerDriver, (1, 0)) is None
    assert unfit(HonestDriver, "", StorageDriver, (1, 0)) is None
