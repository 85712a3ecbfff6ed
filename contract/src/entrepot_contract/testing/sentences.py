"""Decorators of the kit's tests: the sentences that a test proves, the capabilities it needs, and its version."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

__all__ = ["needs", "needs_of", "sentence", "sentences_of", "since", "since_of"]

Test = TypeVar("Test", bound=Callable[..., object])


def sentence(where: str, text: str) -> Callable[[Test], Test]:
    """Declare that a test proves ``text``, quoted from the docstring of a method or type of the contract."""

    def mark(test: Test) -> Test:
        test.__dict__.setdefault("contract_sentences", []).append((where, text))
        return test

    return mark


def needs(capability: str) -> Callable[[Test], Test]:
    """Declare that a test requires a capability; without it, the status of the test is ``not-claimed``."""

    def mark(test: Test) -> Test:
        test.__dict__.setdefault("contract_needs", []).append(capability)
        return test

    return mark


def since(major: int, minor: int) -> Callable[[Test], Test]:
    """Declare the contract version that added a test; for a driver written for an older one, it is ``pending``."""

    def mark(test: Test) -> Test:
        test.__dict__["contract_since"] = (major, minor)
        return test

    return mark


def sentences_of(test: object) -> list[tuple[str, str]]:
    """Return the sentences that a test proves."""
    return list(reversed(getattr(test, "contract_sentences", [])))


def needs_of(test: object) -> list[str]:
    """Return the capabilities that a test requires."""
    return list(getattr(test, "contract_needs", []))


def since_of(test: object) -> tuple[int, int]:
    """Return the contract version that added a test."""
    version: tuple[int, int] = getattr(test, "contract_since", (1, 0))
    return version
