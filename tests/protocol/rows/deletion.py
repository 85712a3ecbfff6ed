"""Deleting blobs, manifests and tags, and a registry with deletion disabled."""

from __future__ import annotations

from support.content import OCI_INDEX

from protocol.content import EMPTY_INDEX, blob, image
from protocol.table import ANY, Row, Step, distribution, entrepot, push, push_blob, spec, start

__all__ = ["ROWS"]

BLOB = blob(b"a blob to delete\n")
MISSING = blob(b"never pushed\n")
IMAGE = image("deletion", BLOB)
ALLOWED = (
    spec("Content Management", "Registries MAY implement deletion or they MAY disable it."),
    spec(
        "Content Management",
        "Similarly, a registry MAY implement tag deletion, while others MAY allow deletion only by",
    ),
)
TAG = spec("Deleting tags", "Upon success, the registry MUST respond with a `202 Accepted` code.")
NO_TAG_DELETION = spec("Deleting tags", "If tag deletion is disabled, the registry MUST respond with either a `400 Bad")
MANIFEST = spec("Deleting Manifests", "Upon success, the registry MUST respond with a `202 Accepted` code.")
NO_REPOSITORY = spec(
    "Deleting Manifests", "If the repository does not exist, the response MUST return `404 Not Found`."
)
NO_DELETION = spec(
    "Deleting Manifests", "If manifest deletion is disabled, the registry MUST respond with either a `400"
)
DELETED_BLOB = spec("Deleting Blobs", "Upon success, the registry MUST respond with code `202 Accepted`.")
NO_BLOB = spec("Deleting Blobs", "If the blob is not found, a `404 Not Found` code MUST be returned.")
NO_BLOB_DELETION = spec(
    "Deleting Blobs", "If blob deletion is disabled, the registry MUST respond with either a `400 Bad"
)
READONLY = distribution("A read-only registry rejects every change with 405.")


def tags(*names: str) -> Step:
    return Step("GET /v2/$name/tags/list", 200, json={"name": "$name", "tags": list(names)})


def disabled(request: str) -> Step:
    """Return a row for a method that the configuration disables."""
    return Step(request, 405, headers={"Allow": ANY}, code="UNSUPPORTED")


def readonly(request: str, body: bytes = b"") -> Step:
    return Step(request, 405, send={"Content-Type": OCI_INDEX}, body=body, headers={"Allow": ANY}, code="UNSUPPORTED")


ROWS = [
    Row(
        "blob",
        (DELETED_BLOB, *ALLOWED),
        *push_blob(BLOB),
        Step(f"DELETE /v2/$name/blobs/{BLOB}", 202),
        Step(f"GET /v2/$name/blobs/{BLOB}", 404, code="BLOB_UNKNOWN"),
        Step(f"HEAD /v2/$name/blobs/{BLOB}", 404),
        Step(f"DELETE /v2/$name/blobs/{BLOB}", 404, code="BLOB_UNKNOWN"),
    ),
    Row(
        "blob-of-two-repositories",
        DELETED_BLOB,
        *push_blob(BLOB),
        *push_blob(BLOB, "$other"),
        Step(f"DELETE /v2/$name/blobs/{BLOB}", 202),
        Step(f"GET /v2/$name/blobs/{BLOB}", 404),
        Step(f"GET /v2/$other/blobs/{BLOB}", 200, answer=BLOB.data),
    ),
    Row(
        "blob-pushed-again",
        DELETED_BLOB,
        *push_blob(BLOB),
        Step(f"DELETE /v2/$name/blobs/{BLOB}", 202),
        *push_blob(BLOB),
        Step(f"GET /v2/$name/blobs/{BLOB}", 200, answer=BLOB.data),
    ),
    Row(
        "absent-blob",
        NO_BLOB,
        *push_blob(BLOB),
        Step(f"DELETE /v2/$name/blobs/{MISSING}", 404, code="BLOB_UNKNOWN"),
        Step(f"DELETE /v2/$other/blobs/{BLOB}", 404, code=("BLOB_UNKNOWN", "NAME_UNKNOWN")),
        Step(f"GET /v2/$name/blobs/{BLOB}", 200, answer=BLOB.data),
    ),
    Row(
        "tag",
        (TAG, *ALLOWED),
        *push(IMAGE, "one"),
        *push(IMAGE, "two"),
        Step("DELETE /v2/$name/manifests/one", 202),
        Step("GET /v2/$name/manifests/one", 404, code="MANIFEST_UNKNOWN"),
        Step("HEAD /v2/$name/manifests/one", 404),
        Step("GET /v2/$name/manifests/two", 200, answer=IMAGE.data),
        Step(f"GET /v2/$name/manifests/{IMAGE}", 200, answer=IMAGE.data),
        tags("two"),
    ),
    Row(
        "last-tag",
        TAG,
        *push(IMAGE, "one"),
        Step("DELETE /v2/$name/manifests/one", 202),
        tags(),
        Step(f"GET /v2/$name/manifests/{IMAGE}", 200, answer=IMAGE.data),
    ),
    Row(
        "tag-pushed-again",
        TAG,
        *push(IMAGE, "one"),
        Step("DELETE /v2/$name/manifests/one", 202),
        *push(EMPTY_INDEX, "one"),
        Step("GET /v2/$name/manifests/one", 200, answer=EMPTY_INDEX.data),
        tags("one"),
    ),
    Row(
        "absent-tag",
        TAG,
        *push(IMAGE, "one"),
        Step("DELETE /v2/$name/manifests/two", 404, code="MANIFEST_UNKNOWN"),
        tags("one"),
    ),
    Row(
        "manifest",
        (MANIFEST, *ALLOWED),
        *push(IMAGE, "one"),
        *push(IMAGE, "two"),
        *push(EMPTY_INDEX, "other"),
        Step(f"DELETE /v2/$name/manifests/{IMAGE}", 202),
        Step(f"GET /v2/$name/manifests/{IMAGE}", 404, code="MANIFEST_UNKNOWN"),
        Step(f"HEAD /v2/$name/manifests/{IMAGE}", 404),
        Step("GET /v2/$name/manifests/one", 404, code="MANIFEST_UNKNOWN"),
        Step("GET /v2/$name/manifests/two", 404, code="MANIFEST_UNKNOWN"),
        Step("GET /v2/$name/manifests/other", 200, answer=EMPTY_INDEX.data),
        tags("other"),
        Step(f"DELETE /v2/$name/manifests/{IMAGE}", 404, code="MANIFEST_UNKNOWN"),
    ),
    Row(
        "manifest-without-its-blobs",
        MANIFEST,
        *push(IMAGE, "one"),
        Step(f"DELETE /v2/$name/manifests/{IMAGE}", 202),
        Step(f"GET /v2/$name/blobs/{BLOB}", 200, answer=BLOB.data),
    ),
    Row(
        "manifest-of-two-repositories",
        MANIFEST,
        *push(IMAGE, "one"),
        *push(IMAGE, "one", "$other"),
        Step(f"DELETE /v2/$name/manifests/{IMAGE}", 202),
        Step("GET /v2/$name/manifests/one", 404),
        Step("GET /v2/$other/manifests/one", 200, answer=IMAGE.data),
    ),
    Row(
        "manifest-pushed-again",
        MANIFEST,
        *push(IMAGE, "one"),
        Step(f"DELETE /v2/$name/manifests/{IMAGE}", 202),
        *push(IMAGE, "two"),
        Step(f"GET /v2/$name/manifests/{IMAGE}", 200, answer=IMAGE.data),
        Step("GET /v2/$name/manifests/one", 404),
        tags("two"),
    ),
    Row(
        "previously-moved-tag",
        MANIFEST,
        *push(IMAGE, "one"),
        *push(EMPTY_INDEX, "one"),
        Step(f"DELETE /v2/$name/manifests/{IMAGE}", 202),
        Step("GET /v2/$name/manifests/one", 200, answer=EMPTY_INDEX.data),
        tags("one"),
    ),
    Row(
        "immediately-visible-to-every-worker",
        (TAG, MANIFEST, DELETED_BLOB),
        *(
            step
            for _ in range(3)
            for step in (
                *push(IMAGE, "one"),
                *push(IMAGE, "two"),
                *[Step("GET /v2/$name/manifests/one", 200), Step(f"GET /v2/$name/manifests/{IMAGE}", 200)] * 3,
                *[Step(f"GET /v2/$name/blobs/{BLOB}", 200)] * 3,
                Step("DELETE /v2/$name/manifests/one", 202),
                *[Step("GET /v2/$name/manifests/one", 404)] * 4,
                Step(f"DELETE /v2/$name/manifests/{IMAGE}", 202),
                *[Step(f"GET /v2/$name/manifests/{IMAGE}", 404), Step("GET /v2/$name/manifests/two", 404)] * 4,
                Step(f"DELETE /v2/$name/blobs/{BLOB}", 202),
                *[Step(f"GET /v2/$name/blobs/{BLOB}", 404), Step(f"HEAD /v2/$name/blobs/{BLOB}", 404)] * 4,
            )
        ),
    ),
    Row(
        "in-an-absent-repository",
        NO_REPOSITORY,
        Step(f"DELETE /v2/$name/manifests/{IMAGE}", 404, code=("NAME_UNKNOWN", "MANIFEST_UNKNOWN")),
        Step("DELETE /v2/$name/manifests/latest", 404, code=("NAME_UNKNOWN", "MANIFEST_UNKNOWN")),
        Step(f"DELETE /v2/$name/blobs/{BLOB}", 404, code=("NAME_UNKNOWN", "BLOB_UNKNOWN")),
    ),
    Row(
        "disabled",
        (NO_TAG_DELETION, NO_DELETION, NO_BLOB_DELETION),
        *push(IMAGE, "latest"),
        disabled("DELETE /v2/$name/manifests/latest"),
        disabled(f"DELETE /v2/$name/manifests/{IMAGE}"),
        disabled(f"DELETE /v2/$name/blobs/{BLOB}"),
        Step("GET /v2/$name/manifests/latest", 200, answer=IMAGE.data),
        Step(f"GET /v2/$name/blobs/{BLOB}", 200, answer=BLOB.data),
        flavour="nodelete",
    ),
    Row(
        "read-only",
        (READONLY, entrepot("An error of a read-only registry is JSON, too.")),
        readonly("POST /v2/$name/blobs/uploads/"),
        readonly(f"POST /v2/$name/blobs/uploads/?digest={BLOB}", BLOB.data),
        readonly("PATCH /v2/$name/blobs/uploads/00000000-0000-4000-8000-000000000000?_state=AAAA", BLOB.data),
        readonly(f"PUT /v2/$name/blobs/uploads/00000000-0000-4000-8000-000000000000?digest={BLOB}", BLOB.data),
        readonly("PUT /v2/$name/manifests/latest", EMPTY_INDEX.data),
        readonly("DELETE /v2/$name/manifests/latest"),
        readonly(f"DELETE /v2/$name/blobs/{BLOB}"),
        Step("GET /v2/", 200),
        Step("GET /v2/_catalog", 200, json={"repositories": []}),
        Step("GET /v2/$name/manifests/latest", 404),
        flavour="readonly",
    ),
    Row("start-with-deletion-disabled", NO_BLOB_DELETION, start(), flavour="nodelete"),
]
