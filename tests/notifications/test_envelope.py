"""Webhooks of entrepot and of Docker Distribution for the same requests are equal, field by field."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import pytest
import yaml
from support.content import OCI_MANIFEST, digest_of
from support.images import package, random_files
from support.services.distribution import distribution
from support.services.entrepot import entrepot
from support.services.receiver import Receiver
from support.services.registry import Registry, write_config
from support.wire import Answer

from entrepot_contract.testing.server.running import eventually

IMAGE: Final = package(random_files("envelope", 100))
BLOB: Final = digest_of(IMAGE.blobs[0])
ACCEPT: Final = {"Accept": OCI_MANIFEST, "User-Agent": "envelope/1"}
AGENT: Final = {"User-Agent": "envelope/1"}

STEPS: Final[dict[str, Callable[[Registry], Answer]]] = {
    "GET a manifest by tag": lambda one: one.wire.request("GET", "/v2/team/app/manifests/v1", headers=ACCEPT),
    "GET a manifest by digest": lambda one: one.wire.request(
        "GET", f"/v2/team/app/manifests/{IMAGE.digest}", headers=ACCEPT
    ),
    "HEAD a manifest by tag": lambda one: one.wire.request("HEAD", "/v2/team/app/manifests/v1", headers=ACCEPT),
    "GET a blob": lambda one: one.wire.request("GET", f"/v2/team/app/blobs/{BLOB}", headers=AGENT),
    "GET a part of a blob": lambda one: one.wire.request(
        "GET", f"/v2/team/app/blobs/{BLOB}", headers={**AGENT, "Range": "bytes=0-3"}
    ),
    "HEAD a blob": lambda one: one.wire.request("HEAD", f"/v2/team/app/blobs/{BLOB}", headers=AGENT),
    "mount": lambda one: one.wire.request(
        "POST", f"/v2/other/blobs/uploads/?mount={BLOB}&from=team/app", headers=AGENT
    ),
    "PUT a manifest by digest": lambda one: one.wire.push_manifest("team/app", IMAGE.digest, IMAGE.manifest),
    "DELETE a manifest": lambda one: one.wire.request("DELETE", f"/v2/team/app/manifests/{IMAGE.digest}"),
    "DELETE a blob": lambda one: one.wire.request("DELETE", f"/v2/team/app/blobs/{BLOB}"),
}
"""The requests, after a push of the image, and all their events."""

FORMS: Final = {
    "id": r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}",
    "timestamp": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z",
    "request.id": r"[0-9a-f-]{14,36}",
    "request.addr": r"127\.0\.0\.1(:\d+)?",
    "source.instanceID": r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}",
}
"""The fields that differ between events, and their expected format."""


@pytest.mark.parametrize("references", [True, False])
def test_a_webhook_is_the_same_as_that_of_distribution(tmp_path: Path, references: bool) -> None:
    received = events_of(distribution, tmp_path / "distribution", {}, references=references)
    outbox = {"outbox": {"path": str(tmp_path / "outbox")}}
    ours = events_of(_entrepot, tmp_path / "entrepot", outbox, references=references)
    assert len(received) >= len(STEPS) + len(IMAGE.blobs) + 1
    assert ours == received


def events_of(
    program: Callable[[Path, Path], Registry], folder: Path, section: Mapping[str, object], *, references: bool
) -> list[dict[str, object]]:
    """Return the events of the same requests as flat dictionaries in a fixed order, without values that differ between
    runs.
    """
    with Receiver() as receiver:
        endpoint = {"name": "receiver", "url": receiver.url, "timeout": "10s", "threshold": 5, "backoff": "1s"}
        config = write_config(folder / "config.yml", folder / "store")
        document = yaml.safe_load(config.read_text())
        document["notifications"] = {"events": {"includereferences": references}, "endpoints": [endpoint], **section}
        config.write_text(yaml.safe_dump(document))
        registry = program(config, folder / "run")
        registry.start()
        try:
            for blob in IMAGE.blobs:
                assert registry.wire.push_blob("team/app", blob).status == 201
            assert registry.wire.push_manifest("team/app", "v1", IMAGE.manifest).status == 201
            for name, step in STEPS.items():
                assert step(registry).status < 300, name
            # Deleting a manifest with a tag causes two events, one for the manifest and one for the tag.
            expected = len(IMAGE.blobs) + 1 + len(STEPS) + 1
            assert eventually(lambda: len(receiver.ids) >= expected), receiver.ids
        finally:
            registry.stop()
        events = [_flat(event) for one in receiver.taken for event in one.events()]
        address = registry.address
    assert len(events) == expected
    return sorted((_comparable(event, address) for event in events), key=str)


def _entrepot(config: Path, folder: Path) -> Registry:
    return entrepot(config, folder, server="waitress")


def _flat(value: object, path: str = "") -> dict[str, object]:
    if isinstance(value, dict):
        return {k: v for name, one in value.items() for k, v in _flat(one, f"{path}.{name}" if path else name).items()}
    return {path: value}


def _comparable(event: dict[str, object], address: str) -> dict[str, object]:
    for name, form in FORMS.items():
        assert re.fullmatch(form, str(event[name])), (name, event[name])
    port = address.rpartition(":")[2]
    return {
        name: "..." if name in FORMS else str(value).replace(address, "ADDRESS").replace(f":{port}", ":PORT")
        for name, value in event.items()
    }
