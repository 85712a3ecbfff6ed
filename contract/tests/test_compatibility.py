"""Error messages for plugins that cannot be used, without installed packages."""

from __future__ import annotations

from contract.tests.honest import HonestDriver

from entrepot_contract import DriverOptions
from entrepot_contract.compatibility import compatibility_fault
from entrepot_contract.server import ApplicationFactory, ServerDriver, ServerSettings
from entrepot_contract.storage import CONTRACT_VERSION, StorageDriver


class Server(ServerDriver):
    """A server without the required attributes."""

    name = "silent"
    contract = (1, 0)

    def __init__(self, options: DriverOptions) -> None:
        """Do nothing."""

    def serve(self, factory: ApplicationFactory, settings: ServerSettings) -> None:
        """Do nothing."""


class Saying(Server):
    """The same, with the attributes that the host requires."""

    Options = DriverOptions
    multiprocess = False
    tls = False


def test_a_server_without_required_attributes_cannot_be_used() -> None:
    message = compatibility_fault(Server, "silent 1.0", ServerDriver, (1, 0))
    assert message == (
        "it does not implement multiprocess, tls, Options as a subclass of entrepot_contract.DriverOptions; "
        "install a different version than silent 1.0, or contact its author"
    )


def test_complete_plugins_can_be_used() -> None:
    assert compatibility_fault(Saying, "", ServerDriver, (1, 0)) is None
    assert compatibility_fault(HonestDriver, "", StorageDriver, CONTRACT_VERSION) is None
