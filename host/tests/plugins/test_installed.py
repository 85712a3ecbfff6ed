"""What is installed, and whether it loads."""

from __future__ import annotations

from host.tests.plugins.conftest import Install
from host.tests.plugins.test_drivers import GOOD

from entrepot.plugins import Plugin, installed_plugins


def test_our_own_plugins_are_listed_and_load() -> None:
    found = {(one.kind, one.name): one for one in installed_plugins()}
    filesystem = found["storage", "filesystem"]
    assert (filesystem.package, filesystem.contract, filesystem.error) == ("entrepot-storage-fs", "1.0", None)
    assert found["server", "waitress"].error is None
    assert found["server", "granian"].package == "entrepot-server-granian"


def test_a_plugin_that_cannot_be_imported_is_listed_and_keeps_no_other_from_loading(install: Install) -> None:
    install("a-broken-driver", "raise SystemError('no library')", storage={"a-broken": "Driver"})
    install("z-good-driver", GOOD, storage={"z-good": "Driver"}, version="7.1")
    found = {one.name: one for one in installed_plugins()}
    assert found["a-broken"].error == "cannot be imported: SystemError: no library"
    assert found["z-good"] == Plugin("storage", "z-good", "z-good-driver", "7.1", "1.0", None)


def test_both_claims_of_one_name_are_listed_as_unusable(install: Install) -> None:
    install("one-driver", GOOD, storage={"mine": "Driver"})
    install("other-driver", GOOD, storage={"mine": "Driver"})
    errors = [one.error for one in installed_plugins() if one.name == "mine"]
    assert errors == ["another package claims the name 'mine' too; uninstall one of them"] * 2


def test_hooks_are_listed(install: Install) -> None:
    install("their-hooks", "plugin = object()", hooks={"their": "plugin"})
    assert Plugin("hooks", "their", "their-hooks", "1.2.3", "", None) in installed_plugins()
