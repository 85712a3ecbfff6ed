"""waitress does what every server must, and says what it cannot."""

from __future__ import annotations

import pytest
from host.tests.server.cases import ServerCases

from entrepot.plugins import PluginError
from entrepot.server import choose_server
from entrepot_contract.server import ServerSettings, TlsSettings


class TestWaitress(ServerCases):
    name = "waitress"

    def workers(self, wanted: int) -> int:
        return 1


def test_tls_is_refused_with_what_to_install() -> None:
    settings = ServerSettings("127.0.0.1", 0, tls=TlsSettings("cert.pem", "key.pem"))
    with pytest.raises(PluginError, match="pip install entrepot-server-granian"):
        choose_server("waitress", settings)


def test_auto_takes_granian_where_it_is_installed() -> None:
    assert choose_server("auto", ServerSettings("127.0.0.1", 0)).name == "granian"
