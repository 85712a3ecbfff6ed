"""One test class for each broken server, and one for the correct one; ``test_broken.py`` runs them."""

from __future__ import annotations

from contract.tests.broken.register import BROKEN_SERVER, enter_all
from contract.tests.honest_server import HonestServer

from entrepot_contract.testing import ServerContract

enter_all(__file__)


class TestHonestServer(ServerContract):
    server_class = HonestServer


for entered in BROKEN_SERVER.values():
    case = type(f"Test{entered.driver.__name__}", (ServerContract,), {"server_class": entered.driver})
    globals()[case.__name__] = case
# Deleted, so that pytest does not collect it under this name as well.
del case, ServerContract
