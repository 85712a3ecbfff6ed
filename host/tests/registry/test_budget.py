"""The number of storage driver calls of each request: the budget, row by row."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from host.tests.registry.wrappers import Sharing, Signing
from host.tests.storage.counting import CountingDriver
from support.content import descriptor, digest_of, encoded, image, index
from support.host import QUIET, Process, memory

from entrepot.registry.manifest import OCI_MANIFEST
from entrepot_contract import StorageDriver

LAYER = b"a layer"
DIGEST = digest_of(LAYER)
SLICE = 1024
IMAGE = encoded(image(layers=[descriptor(LAYER)]))
INDEX = encoded(index(descriptor(IMAGE, OCI_MANIFEST)))


class Scene:
    """An image in the storage, and a process with empty caches."""

    def __init__(self, make: Callable[[StorageDriver], CountingDriver] = CountingDriver, held: int = 0) -> None:
        self.driver = make(memory())
        pusher = Process(self.driver)
        pusher.push_blob("app", b"{}")
        pusher.push_blob("app", LAYER)
        self.manifest = pusher.push_manifest("app", "latest", IMAGE)
        pusher.push_manifest("app", "index", INDEX)
        self.host = Process(self.driver, replace(QUIET, upload_slice=SLICE, upload_held=held))
        self.location = ""
        self.driver.reset()

    def get(self, path: str, status: int = 200) -> None:
        assert self.host.request("GET", path).status_code == status

    def head(self, path: str) -> None:
        assert self.host.request("HEAD", path).status_code == 200

    def start(self) -> None:
        self.location = self.host.start("app")

    def patch(self, size: int = 10) -> None:
        self.location = self.host.patch(self.location, bytes(size))

    def put(self, digest: str) -> None:
        assert self.host.finish(self.location, digest).status_code == 201


Step = Callable[[Scene], None]


def get_manifest(scene: Scene) -> None:
    scene.get("/v2/app/manifests/latest")


def head_manifest(scene: Scene) -> None:
    scene.head("/v2/app/manifests/latest")


def get_manifest_by_digest(scene: Scene) -> None:
    scene.get(f"/v2/app/manifests/{scene.manifest}")


def get_blob(scene: Scene) -> None:
    scene.get(f"/v2/app/blobs/{DIGEST}")


def head_blob(scene: Scene) -> None:
    scene.head(f"/v2/app/blobs/{DIGEST}")


def get_manifest_as_blob(scene: Scene) -> None:
    scene.get(f"/v2/app/blobs/{scene.manifest}")


def head_new_blob(scene: Scene) -> None:
    assert scene.host.request("HEAD", f"/v2/app/blobs/{digest_of(b'new')}").status_code == 404


def put_new_manifest(scene: Scene) -> None:
    scene.host.push_manifest("app", "new", image(layers=[descriptor(LAYER)], annotations={"a": "new"}))


def put_manifest_again(scene: Scene) -> None:
    scene.host.push_manifest("app", "latest", IMAGE)


def put_index_again(scene: Scene) -> None:
    scene.host.push_manifest("app", "index", INDEX)


def mount(scene: Scene) -> None:
    assert scene.host.request("POST", f"/v2/new/blobs/uploads/?mount={DIGEST}&from=app").status_code == 201


def get_tags(scene: Scene) -> None:
    scene.get("/v2/app/tags/list")


def get_tags_page(scene: Scene) -> None:
    scene.get("/v2/app/tags/list?n=5&last=a")


def start(scene: Scene) -> None:
    scene.start()


def patch(scene: Scene) -> None:
    scene.patch()


def patch_three_slices(scene: Scene) -> None:
    scene.patch(3 * SLICE)


def put(scene: Scene) -> None:
    scene.put(digest_of(bytes(10)))


# Name, counted request, preceding requests, and its calls.
BUDGET: list[tuple[str, Step, list[Step], dict[str, int]]] = [
    ("GET manifest by tag, cold", get_manifest, [], {"read": 2}),
    ("GET manifest by tag, warm", get_manifest, [get_manifest], {"read": 1}),
    ("HEAD manifest by tag, cold", head_manifest, [], {"read": 2}),
    ("HEAD manifest by tag, warm", head_manifest, [get_manifest], {"read": 1}),
    ("GET manifest by digest, cold", get_manifest_by_digest, [], {"read": 2}),
    ("GET manifest by digest, warm", get_manifest_by_digest, [get_manifest], {"read": 1}),
    ("GET blob", get_blob, [], {"read": 2}),
    ("GET blob, again", get_blob, [get_blob], {"read": 2}),
    ("HEAD blob, cold", head_blob, [], {"read": 1, "stat": 1}),
    ("HEAD blob, warm", head_blob, [head_blob], {"read": 1}),
    ("HEAD blob that does not exist", head_new_blob, [], {"read": 2}),
    ("GET blob that is a manifest, cold", get_manifest_as_blob, [], {"read": 3, "stat": 1}),
    ("GET blob that is a manifest, warm", get_manifest_as_blob, [get_manifest_as_blob], {"read": 2}),
    # A link for each of two blobs, and a stat if the blob was not seen in the last minute. Each PUT by tag ends with
    # two stats: of its revision and of its tag, which a concurrent deletion may have removed.
    ("PUT manifest, cold", put_new_manifest, [], {"read": 2, "stat": 4, "put": 4}),
    ("PUT manifest, warm", put_new_manifest, [put_manifest_again], {"read": 2, "stat": 2, "put": 4}),
    (
        "PUT manifest that exists: one read to compare",
        put_manifest_again,
        [put_new_manifest],
        {"read": 3, "stat": 2, "put": 4},
    ),
    # The child's link, its stat and its bytes, and the index itself to compare.
    ("PUT index that exists, cold", put_index_again, [], {"read": 3, "stat": 3, "put": 4}),
    ("PUT index that exists, warm", put_index_again, [put_index_again], {"read": 2, "stat": 2, "put": 4}),
    ("mount", mount, [], {"read": 1, "stat": 1, "put": 1}),
    ("POST upload", start, [], {"put": 1}),
    ("PATCH, first slice", patch, [start], {"upload_start": 1, "upload_append": 1, "put": 1}),
    ("PATCH, later", patch, [start, patch], {"stat": 1, "upload_append": 1, "put": 1}),
    (
        "PATCH of three slices: 3, and 2 for each more",
        patch_three_slices,
        [start],
        {"upload_start": 1, "upload_append": 3, "put": 3},
    ),
    ("PUT after PATCH", put, [start, patch], {"upload_commit": 1, "put": 1, "delete": 1}),
    ("tags list", get_tags, [], {"list_objects": 1}),
    ("tags list, a page from last", get_tags_page, [], {"list_objects": 1}),
]


@pytest.mark.parametrize(
    ("step", "before", "calls"),
    [pytest.param(step, before, calls, id=f"{title} = {sum(calls.values())}") for title, step, before, calls in BUDGET],
)
def test_a_request_costs_exactly_its_budget(step: Step, before: list[Step], calls: dict[str, int]) -> None:
    scene = Scene()
    for one in before:
        one(scene)
    scene.driver.reset()
    step(scene)
    assert dict(scene.driver.calls) == calls


def test_a_first_slice_on_shared_storage_costs_one_more_stat() -> None:
    scene = Scene(Sharing)
    scene.start()
    scene.driver.reset()
    scene.patch()
    assert dict(scene.driver.calls) == {"stat": 1, "upload_start": 1, "upload_append": 1, "put": 1}
    scene.driver.reset()
    scene.put(digest_of(bytes(10)))
    assert dict(scene.driver.calls) == {"upload_commit": 1, "put": 1, "delete": 1}


def test_a_small_blob_costs_four_puts_and_no_driver_upload() -> None:
    scene = Scene(held=SLICE)
    scene.start()
    scene.patch()
    assert dict(scene.driver.calls) == {"put": 2}
    scene.put(digest_of(bytes(10)))
    assert dict(scene.driver.calls) == {"put": 4, "delete": 1}


def test_a_small_blob_on_shared_storage_costs_six_calls_up_to_its_link() -> None:
    scene = Scene(Sharing, held=SLICE)
    scene.start()
    scene.patch()
    assert dict(scene.driver.calls) == {"put": 2, "stat": 1}
    scene.put(digest_of(bytes(10)))
    # The deletion of the records is the call after the link.
    assert dict(scene.driver.calls) == {"put": 4, "stat": 2, "delete": 1}


def test_a_redirect_to_a_blob_costs_two_calls_of_the_backend_and_then_one() -> None:
    scene = Scene(Signing)
    for calls in ({"read": 1, "stat": 1}, {"read": 1}):
        scene.driver.reset()
        answer = scene.host.request("GET", f"/v2/app/blobs/{DIGEST}")
        assert answer.status_code == 307
        assert (answer.headers["location"] or "").startswith("https://bucket.example/docker/registry/v2/blobs/sha256/")
        # Signing is local arithmetic with the driver's key and does not call the backend.
        assert scene.driver.calls.pop("sign_url") == 1
        assert dict(scene.driver.calls) == calls


def test_a_page_of_the_catalog_costs_no_more_with_more_repositories() -> None:
    costs = []
    for count in (10, 100):
        driver = CountingDriver(memory())
        host = Process(driver)
        for number in range(count):
            host.push_blob(f"app-{number:03}", b"{}")
            host.push_manifest(f"app-{number:03}", "latest", image())
        driver.reset()
        answer = host.request("GET", "/v2/_catalog?n=5&last=app-002")
        assert json.loads(answer.content) == {"repositories": [f"app-{number:03}" for number in range(3, 8)]}
        assert set(driver.calls) == {"list_objects"}
        costs.append(driver.total)
    assert costs[0] == costs[1]
