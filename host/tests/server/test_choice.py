"""The choice of the server: by name, or by priority; never one without configured TLS."""

from __future__ import annotations

import pytest
from host.tests.plugins.conftest import Install, install  # noqa: F401 - a fixture

from entrepot.plugins import PluginError, make_server
from entrepot.server import choice, choose_server
from entrepot_contract import ConfigError
from entrepot_contract.server import ServerSettings, TlsSettings

PLAIN = ServerSettings("127.0.0.1", 0)
TLS = ServerSettings("127.0.0.1", 0, tls=TlsSettings("cert.pem", "key.pem"))
CLIENTS = ServerSettings("127.0.0.1", 0, tls=TlsSettings("cert.pem", "key.pem", client_cas=("ca.pem",)))


@pytest.mark.parametrize(
    ("settings", "installed", "taken"),
    [
        (PLAIN, ["granian", "gunicorn", "waitress"], "granian"),
        (PLAIN, ["gunicorn", "waitress"], "gunicorn"),
        (PLAIN, ["waitress"], "waitress"),
        (TLS, ["granian", "gunicorn", "waitress"], "granian"),
        (TLS, ["gunicorn", "waitress"], "gunicorn"),
        (CLIENTS, ["granian", "gunicorn", "waitress"], "gunicorn"),
    ],
)
def test_auto_is_the_best_server_installed(
    settings: ServerSettings, installed: list[str], taken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "plugin_names_of", lambda _: installed)
    assert choose_server("auto", settings) == taken


@pytest.mark.parametrize(
    ("name", "settings", "advice"),
    [
        ("waitress", TLS, "pip install entrepot-server-granian"),
        ("waitress", CLIENTS, "pip install entrepot-server-gunicorn"),
        ("granian", CLIENTS, "pip install entrepot-server-gunicorn and set http.server: gunicorn"),
    ],
)
def test_a_server_that_does_not_support_the_configuration_is_rejected(
    name: str, settings: ServerSettings, advice: str
) -> None:
    with pytest.raises(PluginError, match=advice):
        choose_server(name, settings)


@pytest.mark.parametrize(("settings", "package"), [(TLS, "granian"), (CLIENTS, "gunicorn")])
def test_auto_without_a_suitable_server_names_the_package_to_install(
    settings: ServerSettings, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "plugin_names_of", lambda _: ["waitress"])
    with pytest.raises(PluginError, match=f"pip install entrepot-server-{package}"):
        choose_server("auto", settings)


def test_client_certificates_without_a_supporting_server_are_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "plugin_names_of", lambda _: ["granian", "waitress"])
    with pytest.raises(PluginError, match=r"http\.tls\.clientcas requires a server that supports client certificates"):
        choose_server("auto", CLIENTS)


THEIRS = """
    from entrepot.server.waitress import WaitressServer
    class Best(WaitressServer):
        name = "zebra"
        priority = 100
    class Same(WaitressServer):
        name = "abacus"
        priority = 100
    class Newer(Best):
        contract = (2, 0)
"""


def test_the_highest_priority_wins_and_of_several_the_first_name(install: Install) -> None:  # noqa: F811 - as above
    install("their-servers", THEIRS, server={"zebra": "Best"})
    assert choose_server("auto", PLAIN) == "zebra"
    assert choose_server("auto", TLS) == "granian"
    install("other-servers", THEIRS, server={"abacus": "Same"})
    assert choose_server("auto", PLAIN) == "abacus"


@pytest.mark.parametrize(("source", "server"), [(THEIRS, "Newer"), ("import no_such_loop", "Best")])
def test_auto_ignores_a_server_that_cannot_be_used(
    source: str,
    server: str,
    install: Install,  # noqa: F811 - as above
    caplog: pytest.LogCaptureFixture,
) -> None:
    install("their-servers", source, server={"zebra": server})
    assert choose_server("auto", PLAIN) == "granian"
    assert "server cannot be used and is ignored: server=zebra error=" in caplog.text


@pytest.mark.parametrize("name", ["granian", "gunicorn", "waitress"])
def test_an_unknown_option_is_rejected_with_the_package_and_advice(name: str) -> None:
    with pytest.raises(ConfigError, match=rf"unknown option 'sped'; there are none \(entrepot.*plugins show {name}"):
        make_server(name, {"sped": 1})
