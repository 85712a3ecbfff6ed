"""Mounting a blob from another repository."""

from __future__ import annotations

from protocol.content import blob
from protocol.table import ANY, Headers, Row, Step, distribution, entrepot, push_blob, spec

__all__ = ["ROWS"]

BLOB = blob(b"a blob to mount\n")
MISSING = blob(b"a blob that is pushed when it cannot be mounted\n")
NOWHERE = blob(b"a blob that is nowhere\n")

MOUNT = "Mounting a blob from another repository"
MOUNTED = spec(
    MOUNT, "The response to a successful mount MUST be `201 Created`, and MUST contain the following header:"
)
DIGEST = spec(MOUNT, "The Docker-Content-Digest header returns the digest of the uploaded blob")
WITHOUT_FROM = spec(MOUNT, "The registry MAY treat the `from` parameter as optional, and it MAY cross-mount the blob")
UNABLE = spec(MOUNT, "or is unable to mount the requested blob, it SHOULD return a `202`.")
SESSION = spec(
    MOUNT, "This indicates that the upload session has begun and that the client MAY proceed with the upload."
)
CREATED = {"Location": f"$base/v2/$name/blobs/{BLOB}", "Docker-Content-Digest": str(BLOB), "Content-Length": "0"}
STARTED: Headers = {"Location": ANY, "Docker-Upload-UUID": ANY, "Range": "0-0"}

READABLE = Step(f"GET /v2/$name/blobs/{BLOB}", 200, answer=BLOB.data)
UPLOAD = Step(f"PUT $location&digest={MISSING}", 201, body=MISSING.data)
UPLOADED = Step(f"GET /v2/$name/blobs/{MISSING}", 200, answer=MISSING.data)

ROWS = [
    Row(
        "from-another-repository",
        (MOUNTED, DIGEST),
        *push_blob(BLOB, "$other"),
        Step(f"POST /v2/$name/blobs/uploads/?mount={BLOB}&from=$other", 201, headers=CREATED),
        Step("GET $location", 200, answer=BLOB.data),
        Step(f"GET /v2/$other/blobs/{BLOB}", 200, answer=BLOB.data),
    ),
    Row(
        "parameters-percent-encoded",
        MOUNTED,
        *push_blob(BLOB, "$other/deep"),
        Step(
            f"POST /v2/$name/blobs/uploads/?from=$other%2Fdeep&mount={str(BLOB).replace(':', '%3A')}",
            201,
            headers=CREATED,
        ),
        READABLE,
    ),
    Row(
        "into-a-repository-with-the-blob",
        MOUNTED,
        *push_blob(BLOB, "$other"),
        *push_blob(BLOB),
        Step(f"POST /v2/$name/blobs/uploads/?mount={BLOB}&from=$other", 201, headers=CREATED),
        READABLE,
    ),
    Row(
        "from-itself",
        MOUNTED,
        *push_blob(BLOB),
        Step(f"POST /v2/$name/blobs/uploads/?mount={BLOB}&from=$name", 201, headers=CREATED),
        READABLE,
    ),
    Row(
        "sha512",
        (MOUNTED, DIGEST),
        Step(f"POST /v2/$other/blobs/uploads/?digest={BLOB.sha512}", 201, body=BLOB.data),
        Step(
            f"POST /v2/$name/blobs/uploads/?mount={BLOB.sha512}&from=$other",
            201,
            headers={"Location": f"$base/v2/$name/blobs/{BLOB.sha512}", "Docker-Content-Digest": BLOB.sha512},
        ),
        Step(f"GET /v2/$name/blobs/{BLOB.sha512}", 200, answer=BLOB.data),
    ),
    Row(
        "without-from",
        (WITHOUT_FROM, MOUNTED),
        *push_blob(BLOB, "$other"),
        Step(f"POST /v2/$name/blobs/uploads/?mount={BLOB}", 201, headers=CREATED),
        READABLE,
    ),
    Row(
        "without-from-an-absent-blob",
        (UNABLE, SESSION),
        Step(f"POST /v2/$name/blobs/uploads/?mount={MISSING.sha512}", 202, headers=STARTED),
        Step(f"PUT $location&digest={MISSING.sha512}", 201, body=MISSING.data),
        Step(f"GET /v2/$name/blobs/{MISSING.sha512}", 200, answer=MISSING.data),
    ),
    Row(
        "from-a-repository-without-the-blob",
        (UNABLE, SESSION),
        *push_blob(BLOB, "$other"),
        Step(f"POST /v2/$name/blobs/uploads/?mount={NOWHERE}&from=$other", 202, headers=STARTED),
        Step(f"GET /v2/$name/blobs/{MISSING}", 404),
        UPLOAD,
        UPLOADED,
    ),
    Row(
        "from-a-repository-without-the-blob-while-another-has-it",
        (UNABLE, WITHOUT_FROM),
        *push_blob(BLOB, "$other"),
        Step(f"POST /v2/$name/blobs/uploads/?mount={BLOB}&from=$name-nothing", (201, 202)),
    ),
    Row(
        "from-an-absent-repository",
        (UNABLE, SESSION),
        Step(f"POST /v2/$name/blobs/uploads/?mount={NOWHERE}&from=$other", 202, headers=STARTED),
        UPLOAD,
        UPLOADED,
    ),
    Row(
        "deleted-from-the-source-afterwards",
        entrepot("A mounted blob is equivalent to a pushed one."),
        *push_blob(BLOB, "$other"),
        Step(f"POST /v2/$name/blobs/uploads/?mount={BLOB}&from=$other", 201),
        Step(f"DELETE /v2/$other/blobs/{BLOB}", 202),
        READABLE,
    ),
    Row(
        "an-invalid-digest",
        distribution("A mount that is not possible, for whatever reason, starts an upload."),
        Step("POST /v2/$name/blobs/uploads/?mount=sha256:abc&from=$other", 202),
        Step("POST /v2/$name/blobs/uploads/?mount=latest&from=$other", 202),
        Step("POST /v2/$name/blobs/uploads/?mount=md5:d41d8cd98f00b204e9800998ecf8427e", 202),
    ),
    Row(
        "empty-parameters",
        distribution("An empty parameter counts as absent."),
        Step("POST /v2/$name/blobs/uploads/?mount=&from=", 202),
        Step("POST /v2/$name/blobs/uploads/?mount=&from=$other", 202),
        Step("POST /v2/$name/blobs/uploads/?digest=", 202),
        Step(f"POST /v2/$name/blobs/uploads/?mount=&digest={BLOB}", 201, body=BLOB.data),
        Step(f"POST /v2/$other/blobs/uploads/?mount={BLOB}&from=", 201),
        Step(f"POST /v2/$other/blobs/uploads/?mount={BLOB}&from=$name&digest=", 201),
    ),
    Row(
        "from-an-invalid-name",
        UNABLE,
        Step(f"POST /v2/$name/blobs/uploads/?mount={BLOB}&from=../../etc", 202),
        Step(f"POST /v2/$name/blobs/uploads/?mount={BLOB}&from=Lib/App", 202),
        Step(f"POST /v2/$name/blobs/uploads/?mount={BLOB}&from=127.0.0.1:5000/x", 202),
    ),
]
