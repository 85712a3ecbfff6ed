"""The choice of the server: by name, or the best one installed; never one without configured TLS."""

from __future__ import annotations

import pytest

from entrepot.plugins import PluginError
from entrepot.server import choice, choose_server
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
    monkeypatch.setattr(choice, "server_names", lambda: installed)
    assert choose_server("auto", settings).name == taken


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
    monkeypatch.setattr(choice, "server_names", lambda: ["waitress"])
    with pytest.raises(PluginError, match=f"pip install entrepot-server-{package}"):
        choose_server("auto", settings)


def test_client_certificates_without_a_supporting_server_are_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "server_names", lambda: ["granian", "waitress"])
    with pytest.raises(PluginError, match=r"http\.tls\.clientcas requires a server that supports client certificates"):
        choose_server("auto", CLIENTS)
