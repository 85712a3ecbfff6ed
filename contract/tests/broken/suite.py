"""One test class for each broken driver; ``test_broken.py`` runs them in a separate process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from contract.tests import honest
from contract.tests.broken import signs
from contract.tests.broken.register import BROKEN, Fault, enter_all, module_of
from contract.tests.honest_remote import RemoteDriver
from contract.tests.remote_cases import RemoteFixtures

from entrepot_contract.testing import StorageContract

enter_all(__file__)


def under_the_kit(fault: Fault) -> type:
    """Return the test class for one broken driver."""
    name, module = f"Test{fault.driver.__name__}", module_of(StorageContract, fault.test)
    if issubclass(fault.driver, RemoteDriver):
        # The timeout is short because some of them never return.
        return type(name, (RemoteFixtures, module), {"failure_timeout": 6.0, "driver_class": fault.driver})

    @pytest.fixture
    def config(self: StorageContract, tmp_path: Path) -> Mapping[str, object]:
        return {**honest.config(tmp_path), **fault.options}

    @pytest.fixture
    def stored_bytes(self: StorageContract, tmp_path: Path) -> Callable[[], int]:
        return lambda: honest.stored_bytes(tmp_path)

    fixtures = {"config": config, "stored_bytes": stored_bytes}
    return type(name, (module,), {"driver_class": fault.driver, **fixtures})


KEEPS = Fault(signs.SigningDriver, "", {"signed": ["GET", "HEAD"], "ttl": 2.0, "create": False})
TestKeepsWhatItClaims = under_the_kit(KEEPS)
CLAIMS = [f"test_signed_url_{proof}" for proof in ("serves_the_object", "honours_range", "expires")]
CLAIMS += ["test_sign_returns_a_url_or_raises_unsupported", "test_an_upload_is_unknown_after_its_expiry"]
CLAIMS += ["test_an_upload_expires_after_its_last_append"]

for entered in BROKEN.values():
    globals()[f"Test{entered.driver.__name__}"] = under_the_kit(entered)
