"""Pulling manifests and blobs, and checking whether they exist."""

from __future__ import annotations

from support.content import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST

from protocol.content import EMPTY, blob, image, index
from protocol.table import Row, Step, entrepot, push, push_blob, spec

__all__ = ["ROWS"]

BLOB = blob(b"a blob to pull\n")
MISSING = blob(b"never pushed\n")
IMAGE = image("pull", blob(b"layer one\n"), blob(b"layer two\n"))
INDEX = index(IMAGE)
DOCKER = image("pull", blob(b"docker layer\n"), media_type=DOCKER_MANIFEST)
LIST = index(DOCKER, media_type=DOCKER_LIST)

MANIFESTS, BLOBS = "Pulling manifests", "Pulling blobs"
HEAD = "Checking if content exists in the registry"
FOUND = spec(
    MANIFESTS,
    "A GET request to an existing manifest URL MUST provide the expected manifest, with a response code that MUST be"
    " `200 OK`.",
)
DIGEST = spec(
    MANIFESTS,
    "A successful response MUST contain the digest of the uploaded blob in the header `Docker-Content-Digest`.",
)
REFERENCE = spec(MANIFESTS, "`<tag-or-digest>` MUST be either (a) the digest of the manifest or (b) a tag.")
TYPE = spec(
    MANIFESTS, "The `Content-Type` header SHOULD match what the client pushed as the manifest's `Content-Type`."
)
NO_MANIFEST = spec(
    MANIFESTS, "If the manifest is not found in the repository, the response code MUST be `404 Not Found`."
)
NO_BLOB = spec(BLOBS, "If the blob is not found in the repository, the response code MUST be `404 Not Found`.")
GET_BLOB = (
    spec(
        BLOBS,
        "A GET request to an existing blob URL MUST provide the expected blob, with a response code that MUST be",
    ),
    spec(BLOBS, "A successful response MUST contain the digest of the uploaded blob"),
    spec(BLOBS, "If present, the value of this header MUST be a digest matching that of the response body."),
)
HEAD_FOUND = (
    spec(HEAD, "A HEAD request to an existing blob or manifest URL MUST return `200 OK`."),
    spec(HEAD, "MUST contain the digest of the uploaded blob or manifest in the header `Docker-Content-Digest`."),
    spec(HEAD, "MUST contain the size in bytes of the uploaded blob or manifest in the header `Content-Length`."),
)
HEAD_MISSING = spec(
    HEAD, "If the blob or manifest is not found in the repository, the response code MUST be `404 Not Found`."
)
NO_REPOSITORY = spec(
    "Pushing Manifests", "An attempt to pull a nonexistent repository MUST return response code `404 Not Found`."
)
AS_STORED = entrepot("Content is returned as it is stored, whatever Accept says.")
CATEGORIES = spec(
    "Requirements",
    "All registries conforming to this specification MUST support, at a minimum, all APIs in the **Pull** category.",
)

IMAGE_HEADERS = {"Content-Type": OCI_MANIFEST, "Docker-Content-Digest": str(IMAGE), "Content-Length": str(IMAGE.size)}
BLOB_HEADERS = {
    "Content-Type": "application/octet-stream",
    "Content-Length": str(BLOB.size),
    "Docker-Content-Digest": str(BLOB),
    "Cache-Control": "max-age=31536000",
    "Accept-Ranges": "bytes",
}

ROWS = [
    Row(
        "manifest-by-tag",
        (CATEGORIES, FOUND, DIGEST, REFERENCE, TYPE),
        *push(IMAGE, "latest"),
        Step("GET /v2/$name/manifests/latest", 200, headers=IMAGE_HEADERS, answer=IMAGE.data),
    ),
    Row(
        "manifest-by-digest",
        (FOUND, DIGEST, REFERENCE),
        *push(IMAGE),
        Step(f"GET /v2/$name/manifests/{IMAGE}", 200, headers=IMAGE_HEADERS, answer=IMAGE.data),
    ),
    Row(
        "manifest-of-a-tag-is-also-found-by-digest",
        (FOUND, DIGEST),
        *push(IMAGE, "latest"),
        Step(f"GET /v2/$name/manifests/{IMAGE}", 200, headers=IMAGE_HEADERS, answer=IMAGE.data),
    ),
    Row(
        "head-manifest",
        HEAD_FOUND,
        *push(IMAGE, "latest"),
        Step("HEAD /v2/$name/manifests/latest", 200, headers=IMAGE_HEADERS),
        Step(f"HEAD /v2/$name/manifests/{IMAGE}", 200, headers=IMAGE_HEADERS),
    ),
    Row(
        "content-type-without-parameters",
        spec(MANIFESTS, "The registry SHOULD NOT include parameters on the `Content-Type` header."),
        *push_blob(IMAGE.needs[0]),
        *push_blob(IMAGE.needs[1]),
        *push_blob(IMAGE.needs[2]),
        Step(
            "PUT /v2/$name/manifests/latest",
            201,
            send={"Content-Type": f"{OCI_MANIFEST}; charset=utf-8"},
            body=IMAGE.data,
        ),
        Step("GET /v2/$name/manifests/latest", 200, headers=IMAGE_HEADERS, answer=IMAGE.data),
    ),
    Row(
        "docker-manifest-and-list",
        (FOUND, TYPE),
        *push(LIST, "list"),
        Step("GET /v2/$name/manifests/list", 200, headers={"Content-Type": DOCKER_LIST}, answer=LIST.data),
        Step(f"GET /v2/$name/manifests/{DOCKER}", 200, headers={"Content-Type": DOCKER_MANIFEST}, answer=DOCKER.data),
    ),
    Row(
        "accept-does-not-convert",
        AS_STORED,
        *push(INDEX, "latest"),
        Step("GET /v2/$name/manifests/latest", 200, headers={"Content-Type": OCI_INDEX}, answer=INDEX.data),
        Step(
            "GET /v2/$name/manifests/latest",
            200,
            send={"Accept": DOCKER_MANIFEST},
            headers={"Content-Type": OCI_INDEX},
            answer=INDEX.data,
        ),
        Step(
            "GET /v2/$name/manifests/latest",
            200,
            send={"Accept": f"{OCI_MANIFEST}, {OCI_INDEX};q=0.5, */*;q=0.1"},
            headers={"Content-Type": OCI_INDEX},
            answer=INDEX.data,
        ),
    ),
    Row(
        "manifest-not-found",
        (NO_MANIFEST, HEAD_MISSING),
        *push(IMAGE, "latest"),
        Step("GET /v2/$name/manifests/nothing", 404, code="MANIFEST_UNKNOWN"),
        Step(f"GET /v2/$name/manifests/{MISSING}", 404, code="MANIFEST_UNKNOWN"),
        Step("HEAD /v2/$name/manifests/nothing", 404),
        Step(f"HEAD /v2/$name/manifests/{MISSING}", 404),
    ),
    Row(
        "a-blob-is-not-a-manifest",
        NO_MANIFEST,
        *push(IMAGE, "latest"),
        Step(f"GET /v2/$name/manifests/{IMAGE.needs[0]}", 404, code="MANIFEST_UNKNOWN"),
    ),
    Row(
        "unknown-repository",
        (NO_REPOSITORY, NO_BLOB, HEAD_MISSING),
        Step("GET /v2/$name/manifests/latest", 404, code=("NAME_UNKNOWN", "MANIFEST_UNKNOWN")),
        Step(f"GET /v2/$name/manifests/{IMAGE}", 404, code=("NAME_UNKNOWN", "MANIFEST_UNKNOWN")),
        Step(f"GET /v2/$name/blobs/{BLOB}", 404, code=("NAME_UNKNOWN", "BLOB_UNKNOWN")),
        Step("HEAD /v2/$name/manifests/latest", 404),
        Step(f"HEAD /v2/$name/blobs/{BLOB}", 404),
    ),
    Row(
        "blob",
        GET_BLOB,
        *push_blob(BLOB),
        Step(f"GET /v2/$name/blobs/{BLOB}", 200, headers=BLOB_HEADERS, answer=BLOB.data),
    ),
    Row("head-blob", HEAD_FOUND, *push_blob(BLOB), Step(f"HEAD /v2/$name/blobs/{BLOB}", 200, headers=BLOB_HEADERS)),
    Row(
        "blob-of-a-sha512-digest",
        GET_BLOB,
        Step("POST /v2/$name/blobs/uploads/?digest-algorithm=sha512", 202),
        Step(f"PUT $location&digest={BLOB.sha512}", 201, body=BLOB.data),
        Step(
            f"GET /v2/$name/blobs/{BLOB.sha512}",
            200,
            headers={"Docker-Content-Digest": BLOB.sha512, "ETag": f'"{BLOB.sha512}"'},
            answer=BLOB.data,
        ),
        Step(f"HEAD /v2/$name/blobs/{BLOB.sha512}", 200, headers={"Docker-Content-Digest": BLOB.sha512}),
    ),
    Row(
        "blob-not-found",
        (NO_BLOB, HEAD_MISSING),
        *push_blob(BLOB),
        Step(f"GET /v2/$name/blobs/{MISSING}", 404, code="BLOB_UNKNOWN"),
        Step(f"HEAD /v2/$name/blobs/{MISSING}", 404),
    ),
    Row(
        "blob-of-another-repository",
        (NO_BLOB, HEAD_MISSING),
        *push_blob(BLOB, "$other"),
        *push_blob(EMPTY),
        Step(f"GET /v2/$name/blobs/{BLOB}", 404, code="BLOB_UNKNOWN"),
        Step(f"HEAD /v2/$name/blobs/{BLOB}", 404),
    ),
    Row(
        "manifest-of-another-repository",
        NO_MANIFEST,
        *push(IMAGE, "latest", "$other"),
        *push_blob(EMPTY),
        Step(f"GET /v2/$name/manifests/{IMAGE}", 404, code=("NAME_UNKNOWN", "MANIFEST_UNKNOWN")),
    ),
    Row(
        "ns-may-be-ignored",
        (
            spec("Registry Proxying", "A registry MAY choose to ignore the `ns` query parameter."),
            spec(
                "Requirements",
                "A registry claiming conformance with one of these specification categories MUST implement all APIs in"
                " the claimed category.",
            ),
        ),
        *push(IMAGE, "latest"),
        Step("GET /v2/$name/manifests/latest?ns=example.org", 200, headers={"OCI-Namespace": None}, answer=IMAGE.data),
    ),
]
