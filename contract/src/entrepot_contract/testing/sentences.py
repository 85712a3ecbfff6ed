"""Which sentence of the contract a test proves, what it needs, and since which version it is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

__all__ = ["NOT_PROVEN", "needs", "needs_of", "sentence", "sentences_of", "since", "since_of"]

Test = TypeVar("Test", bound=Callable[..., object])

NOT_PROVEN: Final[dict[tuple[str, str], str]] = {
    ("put", "Where ``durable`` is claimed, the object survives power loss from then on."): (
        "no test here cuts the power; the kit only kills processes"
    ),
    ("upload_commit", "Where ``durable`` is claimed, the object survives power loss from then on."): (
        "no test here cuts the power; the kit only kills processes"
    ),
    ("read", "A broken connection raises Unavailable from the iterator"): (
        "the kit cannot break a backend's connections; it deletes and overwrites objects under their readers"
    ),
    ("list_objects", "Pages are fetched as they are needed: the first item costs no full listing."): (
        "calls of the backend cannot be seen from outside; the kit pages through 2,500 keys and stops early"
    ),
    ("move", "A crash between may leave both, never neither."): (
        "the kit kills processes that move, but cannot choose the moment between the two steps"
    ),
    ("delete", "many in few calls of the backend"): "calls of the backend cannot be seen from outside",
    ("upload_commit", "on the backend's side, and never through the host"): "the way of the bytes cannot be seen",
}
"""Sentences that no generic test can prove, or only in part, with the reason; every report shows them."""


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
