"""One test class for each broken authenticator; ``test_broken.py`` runs them in a separate process."""

from __future__ import annotations

from contract.tests.auth_cases import BasicCase, IssuerCase
from contract.tests.broken.register import BROKEN_AUTH, AuthFault
from contract.tests.broken_auth import beginnings, issuers, judges, talkers
from contract.tests.honest_auth import HonestIssuer

from entrepot_contract.testing import AuthenticatorContract

MODULES = (beginnings, issuers, judges, talkers)


def under_the_kit(fault: AuthFault) -> type[AuthenticatorContract]:
    """Return the test class for one broken authenticator."""
    case = IssuerCase if issubclass(fault.driver, HonestIssuer) else BasicCase
    return type(f"Test{fault.driver.__name__}", (case,), {"authenticator_class": fault.driver})


for entered in BROKEN_AUTH.values():
    globals()[f"Test{entered.driver.__name__}"] = under_the_kit(entered)
