"""Loading drivers by name: exactly one plugin must have the name."""

from __future__ import annotations

import pytest
from host.tests.plugins.conftest import Install

from entrepot.plugins import PluginError, load_auth, load_server, load_storage
from entrepot.server.waitress import WaitressServer
from entrepot_contract import plugins
from entrepot_contract.plugins import STORAGE, claims

GOOD = """
    from entrepot_storage_memory import MemoryDriver
    class Driver(MemoryDriver):
        name = "mine"
        contract = (1, 0)
"""
AUTH = """
    from entrepot_auth_htpasswd import HtpasswdAuthenticator
    class Driver(HtpasswdAuthenticator):
        name = "mine"
"""


def test_an_installed_driver_is_found_by_its_name(install: Install) -> None:
    install("their-driver", GOOD, storage={"mine": "Driver"})
    assert load_storage("mine").name == "mine"
    assert load_server("waitress") is WaitressServer


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("s3", "entrepot-storage-s3"),
        ("s3aws", "entrepot-storage-s3"),
        ("azure", "entrepot-storage-azure"),
        ("gcs", "entrepot-storage-gcs"),
    ],
)
def test_a_known_driver_that_is_not_installed_is_named_with_its_package(
    name: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = [claim for claim in claims(STORAGE) if claim.name in {"filesystem", "inmemory"}]
    monkeypatch.setattr(plugins, "claims", lambda group: here)
    with pytest.raises(PluginError, match=rf"{name}.*installed: filesystem, inmemory.*pip install {package}$"):
        load_storage(name)


def test_a_newly_installed_package_is_found(install: Install) -> None:
    install("one-driver", GOOD, storage={"one": "Driver"})
    assert load_storage("one")
    install("other-driver", GOOD, storage={"other": "Driver"})
    assert load_storage("other")


def test_an_unknown_driver_is_rejected_with_the_nearest_name() -> None:
    with pytest.raises(PluginError, match=r"'filesytem'; installed: .*filesystem.*did you mean 'filesystem'"):
        load_storage("filesytem")
    with pytest.raises(PluginError, match=r"no server plugin is called 'nginx'; installed: .*, waitress; install"):
        load_server("nginx")


def test_a_name_claimed_by_two_packages_is_rejected_with_both(install: Install) -> None:
    install("one-driver", GOOD, storage={"mine": "Driver"})
    install("other-driver", GOOD, storage={"mine": "Driver"})
    with pytest.raises(PluginError, match=r"'mine' is provided by one-driver 1.2.3 and other-driver 1.2.3; uninstall"):
        load_storage("mine")


def test_a_driver_that_cannot_be_imported_is_reported_with_the_reason(install: Install) -> None:
    install("their-driver", "import no_such_sdk", storage={"mine": "Driver"})
    with pytest.raises(PluginError, match=r"'mine' cannot be imported: ModuleNotFoundError.*no_such_sdk") as caught:
        load_storage("mine")
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("class Driver: contract = (1, 0)", "not a subclass of entrepot_contract.storage.StorageDriver"),
        ("Driver = 5", "not a subclass"),
        (
            GOOD.replace("(1, 0)", "(2, 0)"),
            "written for contract 2.0 and 1.1 is supported here; install a newer version of the host",
        ),
        (
            GOOD.replace("(1, 0)", "(1, 2)"),
            "written for contract 1.2 and 1.1 is supported here; install a newer version of the host",
        ),
        (
            GOOD.replace("(1, 0)", "(0, 9)"),
            "written for contract 0.9 and 1.1 is supported here; install an older version of the host",
        ),
        (GOOD.replace("contract = (1, 0)", "contract = None"), "does not declare a contract version"),
        (GOOD.replace("(1, 0)", "'1.0'"), "does not declare a contract version"),
    ],
)
def test_an_incompatible_driver_is_rejected_in_one_sentence(install: Install, source: str, reason: str) -> None:
    install("their-driver", source, storage={"mine": "Driver"})
    with pytest.raises(PluginError, match="'mine' cannot be used: it ") as caught:
        load_storage("mine")
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_storage_driver_is_not_a_server(install: Install) -> None:
    install("their-driver", GOOD, server={"mine": "Driver"})
    with pytest.raises(PluginError, match=r"not a subclass of entrepot_contract\.server\.ServerDriver"):
        load_server("mine")


def test_an_authenticator_is_found_by_its_name_and_a_storage_driver_is_not_one(install: Install) -> None:
    install("their-auth", AUTH, auth={"mine": "Driver"})
    install("their-driver", GOOD, auth={"theirs": "Driver"})
    assert load_auth("mine").name == "mine"
    with pytest.raises(PluginError, match=r"not a subclass of entrepot_contract\.auth\.Authenticator"):
        load_auth("theirs")


@pytest.mark.parametrize(
    ("name", "package"), [("token", "entrepot-auth-token"), ("htpasswd", "entrepot-auth-htpasswd")]
)
def test_a_known_authenticator_that_is_not_installed_is_named_with_its_package(
    name: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plugins, "claims", lambda group: [])
    with pytest.raises(PluginError, match=rf"called '{name}'; none is installed; .*pip install {package}$"):
        load_auth(name)
