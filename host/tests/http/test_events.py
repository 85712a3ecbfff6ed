"""Events for listeners: one for each change or pull, and none for failed requests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO

import pytest
from host.tests.registry.wrappers import Signing
from support.content import OCI_CONFIG, OCI_GZIP_LAYER, descriptor, digest_of, encoded, image, index
from support.host import Process

from entrepot.plugins.hooks import Hooks
from entrepot.registry.manifest import OCI_INDEX, OCI_MANIFEST
from entrepot_contract import StorageDriver
from entrepot_contract.events import Descriptor, Event
from entrepot_contract.hookspecs import hookimpl

BLOB = "application/octet-stream"
LAYER = b"a layer"
LAYER_DIGEST = digest_of(LAYER)
MANIFEST = encoded(image(b"{}", [descriptor(LAYER)], annotations={"k": "v"}))
MANIFEST_DIGEST = digest_of(MANIFEST)
REFERENCES = (Descriptor(OCI_CONFIG, digest_of(b"{}"), 2), Descriptor(OCI_GZIP_LAYER, LAYER_DIGEST, len(LAYER)))


@dataclass
class RecordedEvents:
    """A host, and the events that its listener has received since the last call of ``events``."""

    host: Process
    received: list[Event]

    def events(self) -> list[Event]:
        found = list(self.received)
        self.received.clear()
        return found

    def event(self) -> Event:
        (found,) = self.events()
        return found


@pytest.fixture
def listening(driver: StorageDriver) -> RecordedEvents:
    received: list[Event] = []
    host = Process(driver, publish=received.append)
    return RecordedEvents(host, received)


@pytest.fixture
def holding(listening: RecordedEvents) -> RecordedEvents:
    for blob in (b"{}", LAYER):
        listening.host.push_blob("app", blob)
    listening.host.push_manifest("app", "latest", MANIFEST)
    listening.events()
    return listening


@pytest.mark.parametrize("way", ["POST", "PUT", "PATCH"])
def test_a_push_of_a_blob(listening: RecordedEvents, way: str) -> None:
    if way == "POST":
        listening.host.push_blob("app", LAYER)
    else:
        location = listening.host.start("app")
        location = listening.host.patch(location, LAYER) if way == "PATCH" else location
        assert listening.events() == []
        listening.host.finish(location, LAYER_DIGEST, b"" if way == "PATCH" else LAYER)
    event = listening.event()
    assert (event.action, event.repository, event.tag) == ("push", "app", None)
    assert event.target == Descriptor(BLOB, LAYER_DIGEST, len(LAYER))
    assert event.from_repository is None


def test_an_event_has_its_request_and_time(listening: RecordedEvents) -> None:
    headers = {"User-Agent": "docker/27", "Host": "r.example:5000"}
    listening.host.request("POST", f"/v2/app/blobs/uploads/?digest={LAYER_DIGEST}", LAYER, headers)
    first = listening.event()
    assert first.request is not None
    assert (first.request.method, first.request.user_agent) == ("POST", "docker/27")
    assert first.request.address.partition(":")[0] == "127.0.0.1"
    assert first.request.host == "r.example:5000"
    assert abs((datetime.now(UTC) - first.timestamp).total_seconds()) < 60
    listening.host.request("GET", f"/v2/app/blobs/{LAYER_DIGEST}", headers=headers)
    second = listening.event()
    assert second.request is not None
    assert second.request.id != first.request.id
    assert second.id != first.id


@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=0-2"}])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_pull_of_a_blob_has_the_whole_blob_as_target(
    holding: RecordedEvents, method: str, headers: dict[str, str]
) -> None:
    holding.host.request(method, f"/v2/app/blobs/{LAYER_DIGEST}", headers=headers)
    event = holding.event()
    assert (event.action, event.repository) == ("pull", "app")
    assert event.target == Descriptor(BLOB, LAYER_DIGEST, len(LAYER))


def test_a_redirected_pull_of_a_blob_is_a_pull(driver: StorageDriver) -> None:
    Process(driver).push_blob("app", LAYER)
    received: list[Event] = []
    host = Process(Signing(driver), publish=received.append)

    assert host.blob("app", LAYER_DIGEST).status_code == 307

    (event,) = received
    assert (event.action, event.repository) == ("pull", "app")
    assert event.target == Descriptor(BLOB, LAYER_DIGEST, len(LAYER))


def test_a_mount_has_its_source_repository(holding: RecordedEvents) -> None:
    answer = holding.host.request("POST", f"/v2/other/blobs/uploads/?mount={LAYER_DIGEST}&from=app")
    assert answer.status_code == 201
    event = holding.event()
    assert (event.action, event.repository, event.from_repository) == ("mount", "other", "app")
    assert event.target == Descriptor(BLOB, LAYER_DIGEST, len(LAYER))


def test_a_push_of_a_manifest_has_its_references_and_annotations(holding: RecordedEvents) -> None:
    holding.host.push_manifest("app", "new", MANIFEST)
    event = holding.event()
    assert (event.action, event.repository, event.tag) == ("push", "app", "new")
    assert event.target == Descriptor(OCI_MANIFEST, MANIFEST_DIGEST, len(MANIFEST))
    assert event.references == REFERENCES
    assert event.annotations == {"k": "v"}
    assert event.url is not None
    assert event.url.endswith(f"/v2/app/manifests/{MANIFEST_DIGEST}")


def test_a_push_of_an_index_references_its_children(holding: RecordedEvents) -> None:
    holding.host.push_manifest("app", "list", index(descriptor(MANIFEST, OCI_MANIFEST)))
    event = holding.event()
    assert event.target is not None
    assert event.target.media_type == OCI_INDEX
    assert event.references == (Descriptor(OCI_MANIFEST, MANIFEST_DIGEST, len(MANIFEST)),)


def test_a_push_by_digest_has_one_event_for_each_tag_or_one_without(holding: RecordedEvents) -> None:
    holding.host.push_manifest("app", f"{MANIFEST_DIGEST}?tag=a&tag=b", MANIFEST)
    assert [(event.action, event.tag) for event in holding.events()] == [("push", "a"), ("push", "b")]
    holding.host.push_manifest("app", MANIFEST_DIGEST, MANIFEST)
    assert [(event.action, event.tag) for event in holding.events()] == [("push", None)]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(("reference", "tag"), [("latest", "latest"), (MANIFEST_DIGEST, None)])
def test_a_pull_of_a_manifest_by_tag_has_the_tag(
    holding: RecordedEvents, method: str, reference: str, tag: str | None
) -> None:
    holding.host.request(method, f"/v2/app/manifests/{reference}")
    event = holding.event()
    assert (event.action, event.repository, event.tag) == ("pull", "app", tag)
    assert event.target == Descriptor(OCI_MANIFEST, MANIFEST_DIGEST, len(MANIFEST))


def test_a_deletion_of_a_blob_or_tag(holding: RecordedEvents) -> None:
    holding.host.request("DELETE", f"/v2/app/blobs/{LAYER_DIGEST}")
    event = holding.event()
    assert (event.action, event.repository, event.tag) == ("delete", "app", None)
    assert event.target is not None
    assert event.target.digest == LAYER_DIGEST
    holding.host.request("DELETE", "/v2/app/manifests/latest")
    event = holding.event()
    assert (event.action, event.repository, event.target, event.tag) == ("delete", "app", None, "latest")


def test_a_deletion_of_a_manifest_has_events_for_it_and_for_each_deleted_tag(holding: RecordedEvents) -> None:
    holding.host.push_manifest("app", "also", MANIFEST)
    holding.events()
    holding.host.request("DELETE", f"/v2/app/manifests/{MANIFEST_DIGEST}")
    events = holding.events()
    assert {event.action for event in events} == {"delete"}
    found = [(event.target.digest if event.target else None, event.tag) for event in events]
    assert found == [(MANIFEST_DIGEST, None), (None, "also"), (None, "latest")]


def test_there_are_no_events_for_requests_that_failed_or_changed_nothing(holding: RecordedEvents) -> None:
    host, nowhere = holding.host, digest_of(b"nowhere")
    location = host.start("app")
    requests: list[tuple[str, str, bytes, int]] = [
        ("POST", f"/v2/app/blobs/uploads/?digest={nowhere}", LAYER, 400),
        ("POST", f"/v2/app/blobs/uploads/?mount={nowhere}&from=other", b"", 202),
        ("PUT", f"{location}&digest={nowhere}", LAYER, 400),
        ("PUT", "/v2/app/manifests/bad", b"{}", 400),
        ("PUT", "/v2/app/manifests/bad", encoded(image(layers=[descriptor(b"nowhere")])), 404),
        ("GET", "/v2/app/manifests/none", b"", 404),
        ("GET", f"/v2/app/blobs/{nowhere}", b"", 404),
        ("DELETE", f"/v2/app/blobs/{nowhere}", b"", 404),
        ("DELETE", f"/v2/app/manifests/{nowhere}", b"", 404),
        ("DELETE", "/v2/app/manifests/none", b"", 404),
        ("GET", "/v2/app/tags/list", b"", 200),
        ("GET", "/v2/_catalog", b"", 200),
    ]
    for method, path, body, status in requests:
        assert host.request(method, path, body).status_code == status
    broken = host.request("POST", f"/v2/app/blobs/uploads/?digest={LAYER_DIGEST}", BytesIO(LAYER), length=99)
    assert broken.status_code == 400
    assert holding.events() == []


class Failing:
    """A listener that raises on every event."""

    @hookimpl
    def entrepot_event(self, event: Event) -> None:
        raise ZeroDivisionError("a defect of a plugin")


class Listening:
    """A listener that records events."""

    def __init__(self) -> None:
        self.received: list[Event] = []

    @hookimpl
    def entrepot_event(self, event: Event) -> None:
        self.received.append(event)


def test_a_listener_that_raises_does_not_affect_pushes_and_other_listeners(
    driver: StorageDriver, caplog: pytest.LogCaptureFixture
) -> None:
    hooks, before, after = Hooks(), Listening(), Listening()
    for name, listener in (("before", before), ("failing", Failing()), ("after", after)):
        hooks.register(listener, name)
    host = Process(driver, publish=hooks.event)
    digest = host.push_blob("app", b"{}")
    host.push_manifest("app", "latest", image())
    assert host.blob("app", digest).content == b"{}"
    expected = ["push", "push", "pull"]
    assert [event.action for event in before.received] == [event.action for event in after.received] == expected
    assert "hook failed: hook=entrepot_event plugin=failing" in caplog.text


def test_an_event_is_sent_before_the_response_and_after_the_blob_is_readable(driver: StorageDriver) -> None:
    seen: list[int] = []

    def read_back(event: Event) -> None:
        assert event.target is not None
        seen.append(Process(driver).blob(event.repository, event.target.digest).status_code)

    Process(driver, publish=read_back).push_blob("app", LAYER)
    assert seen == [200]
