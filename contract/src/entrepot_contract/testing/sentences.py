"""Which sentence of the contract a test proves, what it needs, and since which version it is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

__all__ = ["needs", "needs_of", "sentence", "sentences_of", "since", "since_of"]

Test = TypeVar("Test", bound=Callable[..., object])


def sentence(where: str, text: str) -> Callable[[Test], Test]:
    """Say that a test proves ``text``, quoted from the docstring of a verb or type of the contract."""

    def mark(test: Test) -> Test:
        test.__dict__.setdefault("contract_sentences", []).append((where, text))
        return test

    return mark


def needs(capability: str) -> Callable[[Test], Test]:
    """Say that a test can only run where a capability is claimed; elsewhere its status is ``not-claimed``."""

    def mark(test: Test) -> Test:
        test.__dict__.setdefault("contract_needs", []).append(capability)
        return test

    return mark


def since(major: int, minor: int) -> Callable[[Test], Test]:
    """Say which version of the contract brought a test; a driver written for an older one sees it ``pending``."""

    def mark(test: Test) -> Test:
        test.__dict__["contract_since"] = (major, minor)
        return test

    return mark


def sentences_of(test: object) -> list[tuple[str, str]]:
    """The sentences that a test proves."""
    return list(reversed(getattr(test, "contract_sentences", [])))


def needs_of(test: object) -> list[str]:
    """The capabilities that a test needs."""
    return list(getattr(test, "contract_needs", []))


def since_of(test: object) -> tuple[int, int]:
    """The version of the contract that brought a test."""
    version: tuple[int, int] = getattr(test, "contract_since", (1, 0))
    return version
