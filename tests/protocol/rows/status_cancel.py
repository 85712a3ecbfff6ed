"""Upload status, cancelling an upload, and purging of abandoned uploads."""

from __future__ import annotations

from protocol.content import blob
from protocol.table import ANY, Row, Step, distribution, spec, start

__all__ = ["ROWS"]

BLOB = blob(b"an upload that takes its time\n" * 50)
A, B = BLOB.data[:700], BLOB.data[700:]

STATUS = spec(
    "Pushing a blob in chunks",
    "The response to an active upload `<blob-push-location>` MUST be a `204 No Content` response code, and MUST have",
)
CANCELLED = spec("Cancel a blob upload", "If successful, the response SHOULD be a `204 No Content` response code.")
EXPIRED = spec("Cancel a blob upload", "the server SHOULD eventually timeout unfinished uploads.")
GONE = distribution("A completed or cancelled upload is answered with BLOB_UPLOAD_UNKNOWN.")
AFTERWARDS = [
    Step(f"PUT $upload&digest={BLOB}", 404, body=BLOB.data, code="BLOB_UPLOAD_UNKNOWN"),
    Step("PATCH $upload", 404, body=A, code="BLOB_UPLOAD_UNKNOWN"),
] * 3
"""Each request uses its own connection, so it can reach any worker."""


def cancelled() -> tuple[Step, ...]:
    return (
        Step("POST /v2/$name/blobs/uploads/", 202, save={"upload": "Location"}),
        Step("DELETE $upload", 204),
        *AFTERWARDS,
    )


def committed() -> tuple[Step, ...]:
    put = Step(f"PUT $upload&digest={BLOB}", 201, body=BLOB.data)
    return Step("POST /v2/$name/blobs/uploads/", 202, save={"upload": "Location"}), put, *AFTERWARDS


ROWS = [
    Row(
        "before-the-first-chunk",
        STATUS,
        start(),
        Step("GET $location", 204, headers={"Location": ANY, "Range": "0-0", "Docker-Upload-UUID": "$uuid"}),
        Step(f"PUT $location&digest={BLOB}", 201, body=BLOB.data),
    ),
    Row(
        "after-a-chunk",
        STATUS,
        start(),
        Step("PATCH $location", 202, send={"Content-Range": "0-699"}, body=A),
        Step("GET $location", 204, headers={"Location": ANY, "Range": "0-699", "Docker-Upload-UUID": "$uuid"}),
        Step("PATCH $location", 202, send={"Content-Range": f"700-{BLOB.size - 1}"}, body=B),
        Step("GET $location", 204, headers={"Location": ANY, "Range": f"0-{BLOB.size - 1}"}),
        Step(f"PUT $location&digest={BLOB}", 201),
        Step(f"GET /v2/$name/blobs/{BLOB}", 200, answer=BLOB.data),
    ),
    Row(
        "status-with-the-first-location",
        STATUS,
        Step("POST /v2/$name/blobs/uploads/", 202, save={"first": "Location"}),
        Step("PATCH $location", 202, body=A),
        Step("GET $first", 204, headers={"Range": "0-699"}),
        Step(f"PUT $location&digest={BLOB}", 201, body=B),
    ),
    Row(
        "status-without-state",
        distribution("Status needs no state: a client that lost the Location can request one."),
        start(),
        Step("PATCH $location", 202, body=A),
        Step("GET /v2/$name/blobs/uploads/$uuid", 204, headers={"Location": ANY, "Range": "0-699"}),
        Step(f"PUT $location&digest={BLOB}", 201, body=B),
        Step(f"GET /v2/$name/blobs/{BLOB}", 200, answer=BLOB.data),
    ),
    Row(
        "cancel-before-the-first-chunk",
        CANCELLED,
        start(),
        Step("DELETE $location", 204),
        Step("GET /v2/$name/blobs/uploads/$uuid", 404, code="BLOB_UPLOAD_UNKNOWN"),
    ),
    Row(
        "cancel-after-a-chunk",
        (CANCELLED, GONE),
        start(),
        Step("PATCH $location", 202, body=A, save={"upload": "Location"}),
        Step("DELETE $upload", 204),
        Step("GET $upload", 404, code="BLOB_UPLOAD_UNKNOWN"),
        Step("PATCH $upload", 404, body=B, code="BLOB_UPLOAD_UNKNOWN"),
        Step(f"PUT $upload&digest={BLOB}", 404, body=B, code="BLOB_UPLOAD_UNKNOWN"),
        Step("DELETE $upload", 404, code="BLOB_UPLOAD_UNKNOWN"),
        Step(f"GET /v2/$name/blobs/{BLOB}", 404),
    ),
    Row("cancelled-for-every-worker", (GONE, CANCELLED), *cancelled(), *cancelled(), *cancelled(), *cancelled()),
    Row("committed-for-every-worker", GONE, *committed(), *committed(), *committed(), *committed()),
    Row(
        "cancel-with-deletion-disabled",
        CANCELLED,
        start(),
        Step("DELETE $location", 204),
        Step("GET /v2/$name/blobs/uploads/$uuid", 404, code="BLOB_UPLOAD_UNKNOWN"),
        flavour="nodelete",
    ),
    Row(
        "cancel-an-unknown-upload",
        GONE,
        Step(
            "DELETE /v2/$name/blobs/uploads/00000000-0000-4000-8000-000000000000?_state=AAAA",
            404,
            code=("BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID"),
        ),
    ),
    Row(
        "abandoned-uploads-are-purged",
        EXPIRED,
        start(),
        Step("PATCH $location", 202, body=A),
        Step("GET /v2/$name/blobs/uploads/$uuid", 404, code="BLOB_UPLOAD_UNKNOWN", within=20),
        flavour="purge",
    ),
]
