"""Tests of upload states whose token the driver never returned."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final
from uuid import uuid4

import pytest

from entrepot_contract import IntegrityError, StorageDriver, UploadConflict, UploadState, UploadUnknown
from entrepot_contract.testing.outcomes import Outcome, outcome
from entrepot_contract.testing.sentences import sentence
from entrepot_contract.testing.storage.base import ContractBase
from entrepot_contract.testing.storage.content import listed, read_back

__all__ = ["TokenContract"]

NEVER: Final = "A token that this driver never returned raises UploadUnknown, whatever its text; so it does in"
PATIENCE: Final = 60.0
ID: Final = "5d1f0c3e-7a54-4b0e-9a51-0d6f3c2b1a99"
GARBAGE: Final = {
    "empty": "",
    "a letter": "x",
    "a space": " ",
    "a number": "5",
    "a negative number": "-1",
    "a large number": "1e400",
    "null": "null",
    "true": "true",
    "a list": "[]",
    "a list of nulls": "[null, null, null]",
    "a list of numbers": "[1, 2, 3]",
    "a list of texts": '["a", "b"]',
    "a nested list": "[[], [], []]",
    "an object": "{}",
    "an empty text": '""',
    "an id as text": json.dumps(ID),
    "another driver's object": json.dumps({"upload_id": ID, "key": "a/k", "parts": [], "size": 4, "v": 1}),
    "another driver's list": json.dumps([ID, 0, [["part", 4]]]),
    "unfinished": '{"id": "',
    "NaN": "NaN",
    "not ASCII": '"\u00fc\ud83d\udc33"'.encode("utf-16", "surrogatepass").decode("utf-16"),
    "a null byte": "\0",
    "long": json.dumps("x" * 100_000),
    "deep": "[" * 2000 + "]" * 2000,
}
"""Texts by a name for messages."""


def variants(value: object) -> Iterator[object]:
    """Yield copies of a JSON value, each with one part replaced by another of its type, by null, or left out."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield {key: other for key, other in value.items() if key != name}
            yield from ({**value, name: other} for other in variants(inner))
    elif isinstance(value, list):
        for place, inner in enumerate(value[:6]):
            yield [*value[:place], *value[place + 1 :]]
            yield from ([*value[:place], other, *value[place + 1 :]] for other in variants(inner))
    elif isinstance(value, str):
        # No other paths: a driver that trusts its tokens might delete there.
        yield from (ID, value + "0", None, 5, [])
    else:
        yield from (-1, 2**70, "x", None, {})


class TokenContract(ContractBase):
    """Tests of ``upload_append``, ``upload_commit`` and ``upload_abort`` with tokens that mean nothing."""

    @sentence("upload_append", NEVER)
    @sentence("upload_append", "``upload_commit``, and ``upload_abort`` ignores it.")
    @sentence("upload_abort", "Idempotent")
    @pytest.mark.parametrize("verb", ["upload_append", "upload_commit", "upload_abort"])
    def test_a_token_that_never_was_is_unknown(self, driver: StorageDriver, verb: str) -> None:
        driver.put("a/k", b"kept")
        kept = driver.upload_append(driver.upload_start("a/k"), [b"base"])
        for name, token in {**GARBAGE, "new": json.dumps(uuid4().hex)}.items():
            for size in (0, 4):
                state = UploadState("a/u", size, token)
                check_unknown(call(driver, verb, state), f"a token that is {name}")
        self.check_nothing_changed(driver, kept)

    @sentence("upload_append", NEVER)
    @pytest.mark.parametrize("verb", ["upload_append", "upload_commit", "upload_abort"])
    def test_a_changed_token_raises_nothing_else(self, driver: StorageDriver, verb: str) -> None:
        driver.put("a/k", b"kept")
        kept = driver.upload_append(driver.upload_start("a/k"), [b"base"])
        victim = driver.upload_append(driver.upload_start("a/u"), [b"1234"])
        for number, other in enumerate(variants(json.loads(victim.token))):
            token = json.dumps(other)
            found = call(driver, verb, UploadState("a/u", 4, token), target=f"w/{number}")
            # What has no meaning can be changed without notice; what is left may be an older state, or too little.
            if found.error is not None:
                check_unknown(found, f"a token in which one part was changed ({shape(token)})", changed=True)
        driver.delete(listed(driver, "w/"))
        self.check_nothing_changed(driver, kept)

    def check_nothing_changed(self, driver: StorageDriver, kept: UploadState) -> None:
        """Check that the object is as it was, and that the upload can be continued."""
        assert listed(driver) == ["a/k"], "a token that never was changed what is listed"
        assert read_back(driver, "a/k") == b"kept", "a token that never was changed another object"
        driver.upload_commit(driver.upload_append(kept, [b" end"]))
        assert read_back(driver, "a/k") == b"base end", "a token that never was changed another upload"


def call(driver: StorageDriver, verb: str, state: UploadState, target: str | None = None) -> Outcome:
    """Call one of the verbs that take a state."""
    calls = {
        "upload_append": lambda: driver.upload_append(state, [b"more"]),
        "upload_commit": lambda: driver.upload_commit(state, target=target),
        "upload_abort": lambda: driver.upload_abort(state),
    }
    return outcome(verb, calls[verb], PATIENCE)


def check_unknown(found: Outcome, what: str, *, changed: bool = False) -> None:
    """Check that a call raised UploadUnknown; an abort must return."""
    assert found.ended, f"{what}: {found}"
    raised = type(found.error).__name__
    if found.name == "upload_abort":
        assert found.error is None, f"upload_abort raised {raised} for {what}: it must ignore it"
        return
    kinds = (UploadUnknown, UploadConflict, IntegrityError) if changed else (UploadUnknown,)
    assert found.error is not None, f"{found.name} returned for {what}: it must raise UploadUnknown"
    assert isinstance(found.error, kinds), f"{found.name} raised {raised} for {what}: it must raise UploadUnknown"


def shape(token: str) -> str:
    """Return a token without its ids and texts, which must not be shown."""
    return f"{len(token)} characters, a JSON {type(json.loads(token)).__name__}"
