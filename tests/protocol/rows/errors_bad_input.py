"""Any input that violates the grammar gets a 4xx with a JSON error body, never a 5xx."""

from __future__ import annotations

from support.content import OCI_INDEX

from protocol.content import EMPTY_INDEX, blob
from protocol.table import ANY, Row, Step, entrepot, push, rfc9110, spec

__all__ = ["ROWS"]

DIGEST = str(blob(b"some blob\n"))
NAME = spec("Pulling manifests", "Throughout this document, `<name>` MUST match the following regular expression:")
TAG = (
    spec("Pulling manifests", "as a tag MUST be at most 128 characters in length and MUST match the following"),
    spec("Pulling manifests", "The `<tag-or-digest>` MUST NOT be in any other format."),
)
NOT_FOUND = spec(
    "Pulling manifests", "If the manifest is not found in the repository, the response code MUST be `404 Not Found`."
)
ERRORS = (
    spec("Error Codes", "A `4XX` response code from the registry MAY return a body in any format."),
    spec("Error Codes", "If the response body is in JSON format, it MUST have the following format:"),
    spec(
        "Error Codes", "The `code` field MUST be a unique identifier, containing only uppercase alphabetic characters"
    ),
    spec("Error Codes", "The `message` field is OPTIONAL, and if present, it SHOULD be a human readable string"),
    spec("Error Codes", "The `detail` field is OPTIONAL and MAY contain arbitrary JSON data"),
    spec("Error Codes", "The `code` field MUST be one of the following:"),
)
BAD_DIGEST = spec(
    "Pushing blobs", "if the client provided digest is invalid or uses an unsupported algorithm, the registry SHOULD"
)
METHOD = rfc9110("15.5.6", "The origin server MUST generate an Allow header in a 405 response.")
NEVER_5XX = entrepot("Invalid input gets a 4xx with JSON, never a 5xx, a traceback or HTML.")

BAD_NAMES = {
    "capitals": "$name/Upper",
    "two-dots": "$name/a..b",
    "dash-first": "$name/-a",
    "dash-last": "$name/a-",
    "dot-first": "$name/.a",
    "underscore-first": "_a/$name",
    "three-underscores": "$name/a___b",
    "mixed-separators": "$name/a._b",
    "space": "$name/a%20b",
    "newline-last": "$name%0A",
    "carriage-return": "$name%0D%0ASet-Cookie:%20a=b",
    "nul": "$name/a%00b",
    "unicode": "$name/%F0%9F%98%80",
    "unicode-digit": "$name/%D9%A1",
    "no-utf-8": "$name/%FF%FE",
    "capital-percent-encoded": "$name/%41",
    "plus": "$name/a+b",
    "colon": "$name:5000/a",
    "tilde": "~root/$name",
    "backslash": "$name%5C..%5Cetc",
    "star": "$name/*",
    "long-component": "$name/" + "a" * 256,
    "many-components": "$name" + "/a" * 500,
    "10000-characters": "$name/" + "a" * 10_000,
}
BAD_PATHS = {
    "parent": "/v2/../../etc/passwd",
    "parent-in-a-name": "/v2/$name/../../etc/manifests/latest",
    "parent-encoded": "/v2/%2e%2e/%2e%2e/etc/manifests/latest",
    "slash-encoded": "/v2/$name%2F..%2F..%2Fetc/manifests/latest",
    "parent-as-digest": "/v2/$name/blobs/..%2f..%2f..%2fetc%2fpasswd",
    "parent-as-tag": "/v2/$name/manifests/..",
    "parent-as-tag-encoded": "/v2/$name/manifests/%2e%2e%2f%2e%2e%2fetc",
    "parent-as-upload": "/v2/$name/blobs/uploads/..%2F..%2Fx",
    "upload-that-is-no-uuid": "/v2/$name/blobs/uploads/hello",
    "empty-name": "/v2//manifests/latest",
    "no-name": "/v2/manifests/latest",
    "no-name-tags": "/v2/tags/list",
    "empty-reference": "/v2/$name/manifests/",
    "empty-digest": "/v2/$name/blobs/",
    "empty-referrers": "/v2/$name/referrers/",
    "only-a-name": "/v2/$name",
    "unknown-route": "/v2/$name/nothing/latest",
    "tags-of-nothing": "/v2/$name/tags",
    "tags-with-more": "/v2/$name/tags/list/more",
    "unknown-underscore-route": "/v2/_nothing",
    "unknown-version": "/v3/",
    "unknown-root": "/nothing",
    "percent-without-digits": "/v2/$name/manifests/%zz",
    "percent-at-the-end": "/v2/$name/manifests/latest%",
    "fragment-of-a-path": "/v2/$name/manifests/a%23b%3Fc",
}
BAD_TAGS = {
    "dot-first": ".INVALID_MANIFEST_NAME",
    "dash-first": "-latest",
    "129-characters": "a" * 129,
    "10000-characters": "a" * 10_000,
    "space": "a%20b",
    "plus": "1.0+build",
    "newline-last": "latest%0A",
    "nul": "latest%00",
    "unicode": "%C3%BC",
    "star": "*",
}
BAD_DIGESTS = {
    "short": DIGEST[:-1],
    "long": DIGEST + "0",
    "capitals": "sha256:" + DIGEST[7:].upper(),
    "no-hex": "sha256:" + "g" * 64,
    "nothing-encoded": "sha256:",
    "no-algorithm": ":" + DIGEST[7:],
    "two-colons": f"{DIGEST}:{DIGEST[7:]}",
    "newline-last": f"{DIGEST}%0A",
    "nul": f"{DIGEST[:-1]}%00",
    "sha512-of-sha256-length": "sha512:" + DIGEST[7:],
}
WRONG_VERBS = {
    "put-base": "PUT /v2/",
    "post-manifest": "POST /v2/$name/manifests/latest",
    "patch-manifest": "PATCH /v2/$name/manifests/latest",
    "put-blob": f"PUT /v2/$name/blobs/{DIGEST}",
    "post-blob": f"POST /v2/$name/blobs/{DIGEST}",
    "put-uploads": "PUT /v2/$name/blobs/uploads/",
    "get-uploads": "GET /v2/$name/blobs/uploads/",
    "post-upload": "POST /v2/$name/blobs/uploads/00000000-0000-4000-8000-000000000000",
    "delete-tags": "DELETE /v2/$name/tags/list",
    "post-referrers": f"POST /v2/$name/referrers/{DIGEST}",
    "delete-catalog": "DELETE /v2/_catalog",
}
_GET, _POST, _END = (
    b"GET /v2/x/tags/list HTTP/1.1\r\nHost: a\r\n",
    b"POST /v2/x/blobs/uploads/",
    b"Connection: close\r\n\r\n",
)
_START, _SINGLE = _POST + b" HTTP/1.1\r\nHost: a\r\n", _POST + f"?digest={DIGEST} HTTP/1.1\r\nHost: a\r\n".encode()
MALFORMED = {
    "method-only": b"GET\r\n\r\n",
    "no-http": b"hello\r\n\r\n",
    "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64 + b"\r\n\r\n",
    "space-in-the-target": b"GET /v2/a b/manifests/c HTTP/1.1\r\nHost: a\r\n" + _END,
    "nul-in-the-target": b"GET /v2/a\x00b/manifests/c HTTP/1.1\r\nHost: a\r\n" + _END,
    "bytes-in-the-target": b"GET /v2/\xff\xfe/manifests/c HTTP/1.1\r\nHost: a\r\n" + _END,
    "unknown-version": b"GET /v2/x/tags/list HTTP/9.9\r\nHost: a\r\n" + _END,
    "header-without-colon": _GET + b"nonsense\r\n" + _END,
    "length-of-words": _START + b"Content-Length: x\r\n" + _END,
    "negative-length": _START + b"Content-Length: -1\r\n" + _END,
    "two-lengths": _START + b"Content-Length: 1\r\nContent-Length: 2\r\n" + _END + b"ab",
    "broken-chunks": _SINGLE + b"Transfer-Encoding: chunked\r\n" + _END + b"zz\r\nsome blob\n\r\n0\r\n\r\n",
    "unknown-transfer-coding": _SINGLE + b"Transfer-Encoding: nothing\r\n" + _END + b"some blob\n",
    "header-of-a-megabyte": _GET + b"X: " + b"a" * 2**20 + b"\r\n" + _END,
}


def bad_name(name: str, repository: str) -> Row:
    manifest = Step(
        f"PUT /v2/{repository}/manifests/latest",
        400,
        send={"Content-Type": OCI_INDEX},
        body=EMPTY_INDEX.data,
        code="NAME_INVALID",
    )
    others = [
        Step(f"{method} /v2/{repository}/{rest}", 400, code="NAME_INVALID")
        for method, rest in (
            ("GET", "manifests/latest"),
            ("GET", f"blobs/{DIGEST}"),
            ("GET", "tags/list"),
            ("GET", f"referrers/{DIGEST}"),
            ("POST", "blobs/uploads/"),
            ("DELETE", "manifests/latest"),
        )
    ]
    return Row(f"name-{name}", (NAME, NEVER_5XX, *ERRORS), manifest, *others)


def bad_tag(name: str, tag: str) -> Row:
    put = Step(
        f"PUT /v2/$name/manifests/{tag}",
        400,
        send={"Content-Type": OCI_INDEX},
        body=EMPTY_INDEX.data,
        code="TAG_INVALID",
    )
    return Row(
        f"tag-{name}",
        (*TAG, NOT_FOUND),
        *push(EMPTY_INDEX, "good"),
        put,
        Step(f"GET /v2/$name/manifests/{tag}", 404),
        Step(f"HEAD /v2/$name/manifests/{tag}", 404),
        Step(f"DELETE /v2/$name/manifests/{tag}", (400, 404)),
        Step("GET /v2/$name/tags/list", 200, json={"name": "$name", "tags": ["good"]}),
    )


def bad_digest(name: str, digest: str) -> Row:
    send = {"Content-Type": OCI_INDEX}
    return Row(
        f"digest-{name}",
        (BAD_DIGEST, TAG[1]),
        *push(EMPTY_INDEX, "good"),
        Step(f"GET /v2/$name/blobs/{digest}", 400, code="DIGEST_INVALID"),
        Step(f"HEAD /v2/$name/blobs/{digest}", 400),
        Step(f"DELETE /v2/$name/blobs/{digest}", 400, code="DIGEST_INVALID"),
        Step(f"GET /v2/$name/manifests/{digest}", 400, code="DIGEST_INVALID"),
        Step(f"PUT /v2/$name/manifests/{digest}", 400, send=send, body=EMPTY_INDEX.data, code="DIGEST_INVALID"),
        Step(f"GET /v2/$name/referrers/{digest}", 400, code="DIGEST_INVALID"),
    )


ROWS = [
    *(bad_name(name, repository) for name, repository in BAD_NAMES.items()),
    *(
        Row(f"path-{name}", (NEVER_5XX, *ERRORS), *push(EMPTY_INDEX), Step(f"GET {path}", (400, 404)))
        for name, path in BAD_PATHS.items()
    ),
    *(bad_tag(name, tag) for name, tag in BAD_TAGS.items()),
    *(bad_digest(name, digest) for name, digest in BAD_DIGESTS.items()),
    *(
        Row(f"verb-{name}", METHOD, Step(request, 405, headers={"Allow": ANY}, code="UNSUPPORTED"))
        for name, request in WRONG_VERBS.items()
    ),
    *(
        Row(f"malformed-{name}", NEVER_5XX, Step("(raw)", None, raw=raw), Step("GET /v2/", 200))
        for name, raw in MALFORMED.items()
    ),
    Row(
        "digest-of-an-unknown-algorithm",
        BAD_DIGEST,
        *push(EMPTY_INDEX, "good"),
        Step("GET /v2/$name/blobs/md5:d41d8cd98f00b204e9800998ecf8427e", (400, 404)),
        Step("GET /v2/$name/manifests/md5:d41d8cd98f00b204e9800998ecf8427e", (400, 404)),
        Step("GET /v2/$name/referrers/md5:d41d8cd98f00b204e9800998ecf8427e", (200, 400)),
        Step(
            "PUT /v2/$name/manifests/md5:d41d8cd98f00b204e9800998ecf8427e",
            400,
            send={"Content-Type": OCI_INDEX},
            body=EMPTY_INDEX.data,
            code="DIGEST_INVALID",
        ),
    ),
    Row(
        "a-tag-of-128-characters",
        TAG,
        *push(EMPTY_INDEX, "a" * 128),
        *push(EMPTY_INDEX, "_A.b-" + "9" * 123),
        Step("GET /v2/$name/manifests/" + "a" * 128, 200, answer=EMPTY_INDEX.data),
    ),
    Row(
        "valid-names",
        NAME,
        *(
            step
            for name in (
                "a__b",
                "a---b",
                "a.b_c",
                "0",
                "a/b/c/d/e/f",
                "manifests",
                "blobs/uploads",
                "tags/list",
                "x/referrers",
            )
            for step in (
                *push(EMPTY_INDEX, "latest", f"$name/{name}"),
                Step(f"GET /v2/$name/{name}/manifests/latest", 200, answer=EMPTY_INDEX.data),
                Step(f"GET /v2/$name/{name}/tags/list", 200, json={"name": f"$name/{name}", "tags": ["latest"]}),
                Step(f"POST /v2/$name/{name}/blobs/uploads/", 202),
            )
        ),
    ),
    Row(
        "a-query-of-20000-characters",
        NEVER_5XX,
        Step("GET /v2/?x=" + "a" * 20_000, (200, 400, 414, 431), server_may_refuse=True),
        Step("GET /v2/$name/tags/list?last=" + "a" * 20_000, (400, 404, 414, 431), server_may_refuse=True),
    ),
    Row(
        "a-query-that-is-not-utf-8",
        NEVER_5XX,
        *push(EMPTY_INDEX, "latest"),
        Step("GET /v2/$name/tags/list?last=%FF%FE", (200, 400)),
        Step("GET /v2/$name/tags/list?last=%00", (200, 400)),
        Step(f"GET /v2/$name/referrers/{DIGEST}?artifactType=%FF%0D%0A", (200, 400)),
        Step("GET /v2/_catalog?last=%FF..%2F..%2F&n=1", (200, 400)),
        Step("GET /v2/_catalog?last=../../&n=1", (200, 400)),
    ),
    Row(
        "an-unknown-verb",
        NEVER_5XX,
        Step("FOO /v2/$name/manifests/latest", (400, 405), server_may_refuse=True),
        Step("OPTIONS /v2/$name/manifests/latest", (200, 204, 405)),
    ),
]
