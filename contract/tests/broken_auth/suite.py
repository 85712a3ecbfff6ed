"""One test class for each broken authenticator; ``test_broken.py`` runs them in a separate process."""

from __future__ import annotations

from contract.tests.auth_cases import BasicCase, IssuerCase, VerifierCase
from contract.tests.broken.register import BROKEN_AUTH, AuthFault, enter_all
from contract.tests.honest_auth import HonestIssuer
from contract.tests.honest_jwt import HonestVerifier

from entrepot_contract.testing import AuthenticatorContract

enter_all(__file__)


def under_the_kit(fault: AuthFault) -> type[AuthenticatorContract]:
    """Return the test class for one broken authenticator."""
    case: type[AuthenticatorContract] = BasicCase
    if issubclass(fault.driver, HonestIssuer):
        case = IssuerCase
    elif issubclass(fault.driver, HonestVerifier):
        case = VerifierCase
    return type(f"Test{fault.driver.__name__}", (case,), {"authenticator_class": fault.driver})


for entered in BROKEN_AUTH.values():
    globals()[f"Test{entered.driver.__name__}"] = under_the_kit(entered)
