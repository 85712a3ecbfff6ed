"""The installed plugins, and whether they can be loaded."""

from __future__ import annotations

from host.tests.plugins.conftest import Install
from host.tests.plugins.test_loader import GOOD

from entrepot.plugins import Plugin, installed_plugins


def test_own_plugins_are_listed_and_can_be_loaded() -> None:
    found = {(one.kind, one.name): one for one in installed_plugins()}
    filesystem = found["storage", "filesystem"]
    assert (filesystem.package, filesystem.contract, filesystem.error) == ("entrepot-storage-fs", "1.1", None)
    assert found["server", "waitress"].error is None
    assert found["server", "granian"].package == "entrepot-server-granian"


def test_a_plugin_that_cannot_be_imported_is_listed_and_does_not_affect_others(install: Install) -> None:
    install("a-broken-driver", "raise SystemError('no library')", storage={"a-broken": "Driver"})
    install("z-good-driver", GOOD, storage={"z-good": "Driver"}, version="7.1")
    found = {one.name: one for one in installed_plugins()}
    assert found["a-broken"].error == (
        "cannot be imported: SystemError: no library; reinstall a-broken-driver 1.2.3 and its dependencies: "
        "pip install --force-reinstall a-broken-driver"
    )
    good = found["z-good"]
    assert (good.kind, good.package, good.version, good.contract) == ("storage", "z-good-driver", "7.1", "1.0")
    assert good.error is None


def test_a_name_claimed_twice_is_listed_as_unusable(install: Install) -> None:
    install("one-driver", GOOD, storage={"mine": "Driver"})
    install("other-driver", GOOD, storage={"mine": "Driver"})
    errors = [one.error for one in installed_plugins() if one.name == "mine"]
    assert errors == ["another package claims the name 'mine' too; uninstall one of them"] * 2


def test_a_plugin_that_exits_when_it_is_imported_does_not_end_the_process(install: Install) -> None:
    install("rude-driver", "import sys; sys.exit(7)", storage={"rude": "Driver"})
    (rude,) = [one for one in installed_plugins() if one.name == "rude"]
    assert rude.error is not None
    assert rude.error.startswith("cannot be imported: SystemExit: 7; reinstall rude-driver 1.2.3")


def test_capabilities_are_listed_only_for_drivers_without_required_options() -> None:
    found = {one.name: one for one in installed_plugins() if one.kind == "storage"}
    memory = found["inmemory"].capabilities
    assert memory is not None
    assert (memory["create"], memory["shared"], memory["move"], memory["signed_urls"]) == (True, False, "rename", [])
    filesystem = found["filesystem"].capabilities
    assert filesystem is not None
    assert filesystem["upload_ttl"] == "192h"
    assert found["s3"].capabilities is None


def test_the_capabilities_of_a_server_are_listed() -> None:
    found = {one.name: one.capabilities for one in installed_plugins() if one.kind == "server"}
    assert found["waitress"] == {"multiprocess": False, "tls": False, "client_certificates": False}
    assert found["gunicorn"] == {"multiprocess": True, "tls": True, "client_certificates": True}


def test_a_driver_whose_capabilities_fail_is_listed_without_them(install: Install) -> None:
    source = GOOD + "        @property\n        def capabilities(self): raise OSError('hunter2')\n"
    install("asking-driver", source, storage={"asking": "Driver"})
    (asking,) = [one for one in installed_plugins() if one.name == "asking"]
    assert (asking.error, asking.capabilities) == (None, None)


def test_hooks_are_listed(install: Install) -> None:
    install("their-hooks", "plugin = object()", hooks={"their": "plugin"})
    assert Plugin("hooks", "their", "their-hooks", "1.2.3", "", None) in installed_plugins()
