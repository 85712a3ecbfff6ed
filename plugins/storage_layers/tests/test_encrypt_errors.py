"""Errors of the encrypting driver name the call and its key, not those of the inner driver."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from entrepot_contract import Denied, Unavailable
from entrepot_contract.testing.storage.content import listed
from entrepot_storage_layers import EncryptDriver

VERBS = (
    "put",
    "read",
    "stat",
    "list_objects",
    "move",
    "upload_start",
    "upload_append",
    "upload_commit",
    "upload_abort",
)


@pytest.mark.parametrize("verb", VERBS)
def test_an_error_of_the_inner_driver_names_the_layer_the_operation_and_the_key(verb: str, keyfile: str) -> None:
    faults: dict[str, object] = {"put": [{}], verb: [{}, {"error": "denied"}] if verb == "put" else {"error": "denied"}}
    inner = {"chaos": {"inner": {"inmemory": {}}, "faults": faults}}
    driver = EncryptDriver.from_config({"inner": inner, "keyfile": keyfile})
    driver.put("k", b"content")
    calls: dict[str, Callable[[], object]] = {
        "put": lambda: driver.put("k", b"content"),
        "read": lambda: driver.read("k"),
        "stat": lambda: driver.stat("k"),
        "list_objects": lambda: listed(driver, "k"),
        "move": lambda: driver.move("k", "l"),
        "upload_start": lambda: driver.upload_start("k"),
        "upload_append": lambda: driver.upload_append(driver.upload_start("k"), [b"content"]),
        "upload_commit": lambda: driver.upload_commit(driver.upload_start("k")),
        "upload_abort": lambda: driver.upload_abort(driver.upload_start("k")),
    }
    with pytest.raises(Denied) as caught:
        calls[verb]()
    assert (caught.value.driver, caught.value.operation, caught.value.key) == ("encrypt", verb, "k")


@pytest.mark.parametrize("cut", [0, 5])
def test_a_read_that_ends_in_the_header_is_unavailable(cut: int, keyfile: str) -> None:
    inner = {"chaos": {"inner": {"inmemory": {}}, "faults": {"read": {"cut": cut}}}}
    driver = EncryptDriver.from_config({"inner": inner, "keyfile": keyfile})
    driver.put("k", b"content")
    with pytest.raises(Unavailable, match="returned too few bytes") as caught:
        driver.read("k")
    assert (caught.value.driver, caught.value.operation, caught.value.key) == ("encrypt", "read", "k")
