"""Misbehaving endpoints do not affect clients or other endpoints, and deliveries are retried if they may succeed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.services.notified import ask, notified
from support.services.receiver import Mood, Receiver
from support.services.registry import Registry

from entrepot_contract.testing.server.running import eventually

ENDPOINT = {"timeout": "500ms", "threshold": 3, "backoff": "200ms"}
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
MAY_PASS: dict[str, tuple[Mood, int, dict[str, str]]] = {
    "500": ("answers", 500, {}),
    "429": ("answers", 429, {"Retry-After": "1"}),
    "302 to another host": ("answers", 302, {"Location": "http://127.0.0.2:9/elsewhere"}),
    "hangs": ("hangs", 0, {}),
    "drips": ("drips", 0, {}),
    "garbage": ("garbage", 0, {}),
    "cuts": ("cuts", 0, {}),
}


@pytest.fixture(scope="module")
def bad() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def good() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("faults")


@pytest.fixture(scope="module")
def registry(folder: Path, bad: Receiver, good: Receiver) -> Iterator[Registry]:
    """Start a host that notifies a bad endpoint and a good one."""
    endpoints = ({"name": "bad", "url": bad.url, **ENDPOINT}, {"name": "good", "url": good.url, **ENDPOINT})
    registry = notified(folder, folder / "outbox", *endpoints)
    registry.start()
    yield registry
    registry.stop()


def push(registry: Registry, receiver: Receiver, name: str) -> str:
    """Push a blob. Return the id of its event as received by a good endpoint."""
    before = len(receiver.ids)
    answer = registry.wire.push_blob("team/a", name.encode())
    assert answer.status == 201
    assert {key.lower() for key, _ in answer.headers.items()} >= {"location", "docker-content-digest"}
    assert eventually(lambda: len(receiver.ids) > before)
    return receiver.ids[-1]


@pytest.mark.parametrize("fault", MAY_PASS)
def test_a_temporary_failure_is_retried_with_the_same_id_without_delaying_others(
    fault: str, registry: Registry, bad: Receiver, good: Receiver
) -> None:
    bad.mood, bad.status, bad.headers = MAY_PASS[fault]
    seen = len(bad.seen)
    ids = [push(registry, good, f"{fault} {number}") for number in range(3)]
    assert eventually(lambda: len(bad.seen) > seen)
    assert not set(ids) & set(bad.ids)
    bad.mood = "takes"
    assert eventually(lambda: set(ids) <= set(bad.ids), seconds=60)
    assert list(dict.fromkeys(one for one in bad.ids if one in ids)) == ids  # one that was late is sent again


def test_an_endpoint_that_refused_connections_gets_the_events_when_it_is_back(
    registry: Registry, bad: Receiver, good: Receiver
) -> None:
    bad.mood = "takes"
    bad.stop()
    ids = [push(registry, good, f"refused {number}") for number in range(3)]
    bad.start()
    assert eventually(lambda: set(ids) <= set(bad.ids), seconds=60)


def test_a_permanent_failure_is_dead_and_later_events_are_delivered(
    folder: Path, registry: Registry, bad: Receiver, good: Receiver
) -> None:
    bad.mood, bad.status, bad.headers = "answers", 410, {}
    dead = push(registry, good, "gone")
    query = (
        "SELECT events.id, deliveries.attempts, deliveries.error FROM deliveries JOIN events USING (seq) "  # noqa: S608 - only used by this test
        f"WHERE state = 2 AND events.id = '{dead}'"
    )
    assert eventually(lambda: bool(ask(folder / "outbox", query)))
    assert ask(folder / "outbox", query)[0][1] == 1
    assert "410" in str(ask(folder / "outbox", query)[0][2])
    bad.mood = "takes"
    event = push(registry, good, "after")
    assert eventually(lambda: event in bad.ids, seconds=60)
    assert dead not in bad.ids


def test_a_manifest_with_a_lone_surrogate_loses_no_event(registry: Registry, bad: Receiver, good: Receiver) -> None:
    bad.mood = "takes"
    before = len(good.ids)

    def push_many(number: int) -> None:
        for turn in range(10):
            text = "\ud800" if number == 0 else f"{number} {turn}"
            fields = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [], "annotations": {"x": text}}
            path = f"/v2/surrogates/manifests/{number}-{turn}"
            assert registry.wire.request("PUT", path, json.dumps(fields).encode()).status == 201
            assert registry.wire.request("GET", path).status == 200

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(push_many, range(8)))
    assert eventually(lambda: len(good.ids) - before == 160, seconds=60)
    assert {event["action"] for one in good.taken[-160:] for event in one.events()} == {"push", "pull"}
