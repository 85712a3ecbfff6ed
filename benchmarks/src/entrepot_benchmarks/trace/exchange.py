"""The requests of a trace, and those that push the initial content."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.load.image import IMAGE_MANIFEST, with_digest
from entrepot_benchmarks.load.payload import Payload
from entrepot_benchmarks.load.wire import Connection
from entrepot_benchmarks.trace.content import Content, Manifest
from entrepot_benchmarks.trace.record import Kind, Record

__all__ = ["Exchange", "Place", "fill"]

_ACCEPT: Final = {"Accept": IMAGE_MANIFEST}
_TYPE: Final = {"Content-Type": IMAGE_MANIFEST}


class Place:
    """A repository of the trace on the registry: its name there, and the content of its blobs and manifests."""

    def __init__(self, name: str, content: Content) -> None:
        self.name = name
        self.content = content

    def blob(self, name: str) -> str:
        """Return the path of a blob."""
        return f"/v2/{self.name}/blobs/{self.content.blobs[name].digest}"

    def manifest(self, tag: str) -> str:
        """Return the path of a manifest."""
        return f"/v2/{self.name}/manifests/{tag}"


class Exchange:
    """Sends the requests of a trace on one connection."""

    def __init__(self, connection: Connection, places: Mapping[str, Place]) -> None:
        self._connection = connection
        self._places = places
        self._methods: Mapping[Kind, Callable[[Place, Record, int], int]] = {
            "HEAD manifest": self._head_manifest,
            "GET manifest": self._get_manifest,
            "PUT manifest": self._put_manifest,
            "HEAD blob": self._head_blob,
            "GET blob": self._get_blob,
            "PUT blob": self._put_blob,
            "GET tags": self._get_tags,
        }

    def perform(self, record: Record, version: int) -> int:
        """Send a request, check the response, and return the number of body bytes sent and received.

        ``version`` is that of the manifest. Raises BenchmarkError if the response is not the expected one.
        """
        return self._methods[record.kind](self._places[record.repository], record, version)

    def _head_manifest(self, place: Place, record: Record, _: int) -> int:
        expect = 404 if record.absent else 200
        self._connection.request("HEAD", place.manifest(record.name), headers=_ACCEPT, expect=expect)
        return 0

    def _get_manifest(self, place: Place, record: Record, version: int) -> int:
        expect = 404 if record.absent else 200
        response = self._connection.request("GET", place.manifest(record.name), headers=_ACCEPT, expect=expect)
        if not record.absent and place.content.mark(record.repository, record.name, version) not in response.body:
            raise BenchmarkError("the registry did not return the last pushed manifest")
        return len(response.body)

    def _put_manifest(self, place: Place, record: Record, version: int) -> int:
        manifest = place.content.manifest(record.repository, record.name, version, record.size or 0, record.blobs)
        _put(self._connection, place, record.name, manifest)
        return len(manifest.data)

    def _head_blob(self, place: Place, record: Record, _: int) -> int:
        expect = 404 if record.absent else 200
        response = self._connection.request("HEAD", place.blob(record.name), expect=expect)
        if not record.absent:
            _check_size(int(response.headers["content-length"]), record)
        return 0

    def _get_blob(self, place: Place, record: Record, _: int) -> int:
        if record.absent:
            return len(self._connection.request("GET", place.blob(record.name), expect=404).body)
        size = self._connection.pull(place.blob(record.name))
        _check_size(size, record)
        return size

    def _put_blob(self, place: Place, record: Record, _: int) -> int:
        payload = place.content.blobs[record.name]
        _upload(self._connection, place.name, payload)
        return payload.size

    def _get_tags(self, place: Place, _: Record, __: int) -> int:
        return len(self._connection.request("GET", f"/v2/{place.name}/tags/list", expect=200).body)


def fill(
    connection: Connection, place: Place, blobs: Mapping[str, str | None], manifests: Mapping[str, Manifest]
) -> None:
    """Push blobs and then manifests by tag.

    ``blobs`` maps each blob to a repository on the registry that has it, from which it is mounted if possible, or None.
    """
    for name, source in blobs.items():
        payload = place.content.blobs[name]
        if source is None or source == place.name or not _mount(connection, place.name, payload, source):
            _upload(connection, place.name, payload)
    for tag, manifest in manifests.items():
        _put(connection, place, tag, manifest)


def _mount(connection: Connection, repository: str, payload: Payload, source: str) -> bool:
    path = f"/v2/{repository}/blobs/uploads/?mount={payload.digest}&from={source}"
    response = connection.ask("POST", path)
    if response.status == 202:  # the specification allows a registry to start an upload instead
        connection.ask("DELETE", response.location)
    return response.status == 201


def _upload(connection: Connection, repository: str, payload: Payload) -> None:
    started = connection.request("POST", f"/v2/{repository}/blobs/uploads/", expect=202)
    patched = connection.send("PATCH", started.location, payload, expect=202)
    connection.request("PUT", with_digest(patched.location, payload.digest), expect=201)


def _put(connection: Connection, place: Place, tag: str, manifest: Manifest) -> None:
    connection.request("PUT", place.manifest(tag), body=manifest.data, headers=_TYPE, expect=201)


def _check_size(size: int, record: Record) -> None:
    if size != record.size:
        raise BenchmarkError(f"the registry returned {size} bytes, but {record.size} were pushed")
