"""Faults are injected as configured, reproducibly, and as errors of the contract."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import pytest

from entrepot_contract import (
    ConfigError,
    Denied,
    IntegrityError,
    NoSpace,
    NotFound,
    StorageError,
    Throttled,
    Unavailable,
    WriteMode,
)
from entrepot_contract.testing.storage.content import body
from entrepot_storage_layers import ChaosDriver

Faults = Mapping[str, object]


def chaos(faults: Faults, *, seed: int = 1) -> ChaosDriver:
    return ChaosDriver.from_config({"inner": {"inmemory": {}}, "seed": seed, "faults": faults})


def outcomes(driver: ChaosDriver, calls: int) -> list[bool]:
    """Return which of some puts have succeeded."""
    worked = []
    for _ in range(calls):
        try:
            driver.put("k", b"")
        except Unavailable:
            worked.append(False)
        else:
            worked.append(True)
    return worked


def test_the_seed_determines_the_faults() -> None:
    half: Faults = {"put": {"probability": 0.5, "error": "unavailable"}}
    first = outcomes(chaos(half), 200)
    assert 60 < sum(first) < 140
    assert outcomes(chaos(half), 200) == first
    assert outcomes(chaos(half, seed=2), 200) != first


def test_the_faults_of_one_method_do_not_depend_on_calls_of_another() -> None:
    half: Faults = {verb: {"probability": 0.5, "error": "unavailable"} for verb in ("put", "health")}
    alone, mixed = chaos(half), chaos(half)
    expected = outcomes(alone, 50)
    found = []
    for _ in range(50):
        mixed.health()
        found += outcomes(mixed, 1)
    assert found == expected


def test_a_list_determines_the_fault_of_each_call_and_none_after_its_end() -> None:
    driver = chaos({"put": [{"error": "unavailable"}, {}, {"error": "unavailable"}]})
    assert outcomes(driver, 5) == [False, True, False, True, True]


@pytest.mark.parametrize(
    ("name", "kind", "retryable"),
    [
        ("unavailable", Unavailable, True),
        ("throttled", Throttled, True),
        ("denied", Denied, False),
        ("no_space", NoSpace, False),
        ("not_found", NotFound, False),
        ("integrity", IntegrityError, False),
    ],
)
def test_every_error_can_be_injected(name: str, kind: type[StorageError], retryable: bool) -> None:
    driver = chaos({"stat": {"error": name}})
    driver.put("k", b"")
    with pytest.raises(kind) as caught:
        driver.stat("k")
    assert (caught.value.driver, caught.value.operation, caught.value.key) == ("chaos", "stat", "k")
    assert caught.value.retryable is retryable


def test_every_method_fails_as_configured() -> None:
    verbs = ["put", "read", "stat", "list_objects", "move", "delete", "upload_start", "sign_url"]
    driver = chaos({verb: {"error": "denied"} for verb in [*verbs, "health"]})
    calls: list[Callable[[], object]] = [
        lambda: driver.put("k", b""),
        lambda: driver.read("k"),
        lambda: driver.stat("k"),
        lambda: driver.list_objects(),
        lambda: driver.move("k", "l"),
        lambda: driver.delete(["k"]),
        lambda: driver.upload_start("k"),
        lambda: driver.sign_url("k", "GET", None),  # type: ignore[arg-type]  # fails before it is used
    ]
    for verb, call in zip(verbs, calls, strict=True):
        with pytest.raises(Denied) as caught:
            call()
        assert caught.value.operation == verb
    assert driver.health().ok is False


def test_errors_name_the_key_or_the_prefix() -> None:
    driver = chaos({verb: {"error": "denied", "when": "after"} for verb in ("list_objects", "delete_unchanged")})
    driver.put("a/k", b"")
    info = driver.stat("a/k")
    calls: dict[str, Callable[[], object]] = {
        "a/": lambda: list(driver.list_objects("a/")),
        "a/k": lambda: driver.delete_unchanged(info),
    }
    for key, call in calls.items():
        with pytest.raises(Denied, match="fault injected by the option 'faults'") as caught:
            call()
        assert (caught.value.driver, caught.value.key) == ("chaos", key)


def test_health_describes_an_injected_fault() -> None:
    health = chaos({"health": {"error": "unavailable", "when": "after"}}).health()
    assert (health.ok, health.detail) == (False, "fault injected by the option 'faults'")


def test_every_upload_method_fails_as_configured() -> None:
    once = [{"error": "unavailable"}]
    driver = chaos(dict.fromkeys(("upload_append", "upload_commit", "upload_abort"), once))
    state = driver.upload_start("k")
    with pytest.raises(Unavailable):
        driver.upload_append(state, [b"lost"])
    state = driver.upload_append(state, [b"kept"])
    with pytest.raises(Unavailable):
        driver.upload_commit(state)
    with pytest.raises(Unavailable):
        driver.upload_abort(state)
    assert driver.upload_commit(state).size == 4


def test_a_call_that_fails_afterwards_has_been_executed() -> None:
    driver = chaos({"put": [{"error": "unavailable", "when": "after"}]})
    with pytest.raises(Unavailable):
        driver.put("k", b"content", mode=WriteMode.CREATE)
    assert driver.stat("k").size == 7


@pytest.mark.parametrize("torn", [0, 1, 1_500_000, 3_000_000])
def test_a_torn_read_yields_some_bytes_and_an_error(torn: int) -> None:
    driver = chaos({"read": {"torn": torn, "error": "throttled"}})
    driver.put("k", body(3_000_000))
    got: list[int] = []
    with driver.read("k") as reader, pytest.raises(Throttled):
        got.extend(byte for chunk in reader for byte in chunk)
    assert bytes(got) == body(3_000_000)[:torn]


def test_a_torn_append_keeps_the_state_valid() -> None:
    driver = chaos({"upload_append": [{}, {"torn": 5}]})
    state = driver.upload_append(driver.upload_start("k"), [b"base"])
    with pytest.raises(Unavailable) as caught:
        driver.upload_append(state, [b"more", b"more"])
    assert (caught.value.driver, caught.value.operation) == ("chaos", "upload_append")
    driver.upload_commit(driver.upload_append(state, [b"end"]))
    assert read(driver) == b"baseend"


def test_a_torn_listing_yields_some_entries_and_an_error() -> None:
    driver = chaos({"list_objects": {"torn": 2}})
    for key in "abc":
        driver.put(key, b"")
    items = driver.list_objects()
    assert [next(items).key, next(items).key] == ["a", "b"]
    with pytest.raises(Unavailable):
        next(items)


def test_a_cut_read_ends_normally() -> None:
    driver = chaos({"read": {"cut": 5}})
    driver.put("k", b"content")
    assert read(driver) == b"conte"


def test_a_bit_is_flipped_at_the_configured_offset() -> None:
    driver = chaos({"read": {"flipped": 1_500_000}})
    driver.put("k", body(3_000_000))
    found, whole = read(driver), body(3_000_000)
    assert [place for place in range(3_000_000) if found[place] != whole[place]] == [1_500_000]
    assert found[1_500_000] ^ whole[1_500_000] == 1


def test_latency_comes_before_the_call() -> None:
    driver = chaos({"put": [{"latency": 0.2}]})
    start = time.perf_counter()
    driver.put("k", b"")
    assert time.perf_counter() - start >= 0.2


def test_an_unknown_method_or_error_is_refused() -> None:
    with pytest.raises(ConfigError, match="faults"):
        chaos({"puts": {}})
    with pytest.raises(ConfigError, match="faults"):
        chaos({"put": {"error": "gremlins"}})


def read(driver: ChaosDriver) -> bytes:
    with driver.read("k") as reader:
        return b"".join(reader)
