"""Tests that a suite runs the complete kit: no test is removed or changed without a declaration."""

from __future__ import annotations

from entrepot_contract.compatibility import compatibility_fault
from entrepot_contract.testing.base import KitBase
from entrepot_contract.testing.kits import KITS
from entrepot_contract.testing.sentences import sentence

__all__ = ["WholeContract"]


class WholeContract(KitBase):
    """Tests of the class that runs the kit."""

    @sentence("kit", "No test of the contract is overridden or removed.")
    def test_no_contract_test_is_overridden(self) -> None:
        ours = {name: kind for kind in reversed(type(self).__mro__) if _is_kit(kind) for name in vars(kind)}
        for kind in type(self).__mro__:
            if not _is_kit(kind) and kind is not object:
                changed = {name for name in vars(kind) if name in ours and not name.startswith("__")}
                changed -= {self.under_test, "known_failures", "time_limit", *self.its_own, *self.known_failures}
                assert not changed, f"{kind.__name__} overrides {sorted(changed)}: declare known_failures instead"

    @sentence("kit", "The host accepts the plugin: its class, its contract version, and all that it must define.")
    def test_the_host_accepts_the_plugin(self) -> None:
        kit, plugin = KITS[self.contract_kit], self.plugin_class()
        fault = compatibility_fault(plugin, "", kit.plugin, kit.version)
        assert fault is None, f"the host does not load {plugin.__name__}: {fault}"

    @sentence("kit", "Every known failure names a test of the contract, a reason and an issue.")
    def test_known_failures_name_tests_and_reasons(self) -> None:
        for given, reason in self.known_failures.items():
            name = given.partition("[")[0]
            known = name.startswith("test_") and any(name in vars(kind) for kind in type(self).__mro__ if _is_kit(kind))
            assert known, f"known_failures names {name!r}, which is not a test of the contract"
            assert reason.strip(), f"known_failures gives no reason for {name!r}"


def _is_kit(kind: type) -> bool:
    return kind.__module__.startswith("entrepot_contract.testing.")
