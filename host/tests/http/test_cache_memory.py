"""Caches are bounded in bytes, however large their entries are."""

from __future__ import annotations

import gc
import tracemalloc
from dataclasses import replace
from ipaddress import IPv6Network

from support.content import encoded, image
from support.host import QUIET, Process, memory

from entrepot.access.clients import ClientAddresses
from entrepot.logs.access_log import _text_line
from entrepot_contract.events import Event

MEGABYTE = 2**20


def test_the_cached_references_of_large_manifests_are_bounded() -> None:
    events: list[Event] = []
    settings = replace(QUIET, validation=False, manifest_cache_size=0)
    host = Process(memory(), settings, publish=events.append)
    layers = [{"mediaType": "x/y", "digest": f"sha256:{number:064x}", "size": 1} for number in range(1500)]
    for number in range(30):
        host.push_manifest("app", f"t{number}", encoded(image(layers=layers, annotations={"n": str(number)})))
    assert all(len(event.references) == 1501 for event in events)
    events.clear()
    gc.collect()
    tracemalloc.start()
    for number in range(30):
        assert host.request("GET", f"/v2/app/manifests/t{number}").status_code == 200
    assert all(len(event.references) == 1501 for event in events)
    events.clear()
    gc.collect()
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 8 * MEGABYTE


def test_long_user_agents_are_truncated_in_caches() -> None:
    tracemalloc.start()
    for number in range(200):
        _text_line((0.0, "GET", "/v2/", 200, 0, 0.1, "::1", "", f"{number}{'x' * 60_000}", "id"), "", "")
    gc.collect()
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < MEGABYTE


def test_an_address_with_an_overlong_zone_is_ignored() -> None:
    clients = ClientAddresses([IPv6Network("::1/128")])
    assert clients.of("::1", "fe80::1%eth0") == "fe80::1%eth0"
    assert clients.of("::1", "fe80::1%" + "x" * 10_000) == "::1"
