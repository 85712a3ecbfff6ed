"""The kit, run on correct authenticators."""

from __future__ import annotations

from contract.tests.auth_cases import BasicCase, IssuerCase, VerifierCase


class TestHonestBasic(BasicCase):
    pass


class TestHonestIssuer(IssuerCase):
    pass


class TestHonestVerifier(VerifierCase):
    pass
