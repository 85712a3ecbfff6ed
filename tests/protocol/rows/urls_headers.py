"""The base URL of the API, the URLs in responses, and headers that Docker's clients expect."""

from __future__ import annotations

import re

from support.content import OCI_INDEX
from support.wire import Answer

from protocol.content import EMPTY_INDEX, blob
from protocol.table import ANY, Row, Step, distribution, entrepot, push, push_blob, rfc9110, spec, start

__all__ = ["ROWS"]

BLOB = blob(b"a blob with a URL\n")
BASE = entrepot("GET /v2/ answers 200 (distribution-spec, Determining Support: it implements the specification).")
VERSION = distribution("Every response below /v2/ has Docker-Distribution-Api-Version: registry/2.0.")
LOCATION = spec(
    "POST then PUT", "Optionally, the location MAY be absolute (containing the protocol and/or hostname), or it"
)
FORWARDED = distribution("Behind a proxy URLs are those of the proxy: X-Forwarded-Proto, X-Forwarded-Host, Forwarded.")
PREFIX = "/v2/t[0-9a-f]+"


def behind(name: str, origin: str, **send: str) -> Row:
    """Return a row whose URLs have this scheme and host."""
    fields = {key.replace("_", "-"): value for key, value in send.items()}
    uploads = re.compile(rf"{re.escape(origin)}{PREFIX}/blobs/uploads/[^/]+")
    return Row(
        name,
        (LOCATION, FORWARDED),
        Step("POST /v2/$name/blobs/uploads/", 202, send=fields, headers={"Location": uploads}),
        Step("PATCH $location", 202, send=fields, body=BLOB.data, headers={"Location": uploads}),
        Step("GET $location", 204, send=fields, headers={"Location": uploads}),
        Step(
            f"PUT $location&digest={BLOB}",
            201,
            send=fields,
            headers={"Location": f"{origin}/v2/$name/blobs/{BLOB}"},
        ),
        Step(
            "PUT /v2/$name/manifests/latest",
            201,
            send={**fields, "Content-Type": OCI_INDEX},
            body=EMPTY_INDEX.data,
            headers={"Location": f"{origin}/v2/$name/manifests/{EMPTY_INDEX}"},
        ),
    )


INVALID_HEADERS = {
    "unknown-scheme": ("X-Forwarded-Proto", "javascript"),
    "markup-as-host": ("X-Forwarded-Host", 'a"><script>'),
    "empty-host": ("X-Forwarded-Host", ""),
    "empty-scheme": ("X-Forwarded-Proto", ""),
    "broken-forwarded": ("Forwarded", "proto;host=;=;,,"),
    "unclosed-quote": ("Forwarded", 'proto="https'),
    "unknown-scheme-forwarded": ("Forwarded", "proto=javascript;host=hub.example"),
    "path-as-host": ("X-Forwarded-Host", "hub.example/../../evil"),
    "user-in-host": ("X-Forwarded-Host", "evil@hub.example"),
    "space-in-host": ("Host", "a b/../c"),
}


def ignored_header(name: str, header: str, value: str) -> Row:
    """Return a row with a header that contains no valid scheme or host, and must not be used in a URL."""

    def check(response: Answer) -> None:
        location = response.headers.get("Location")
        url = r"(https?://[A-Za-z0-9.:\[\]-]+)?/v2/[^\s\"<>@]+"
        assert location is None or re.fullmatch(url, location), f"not a usable URL: {location}"

    rule = entrepot("A header without a valid scheme or host is not used in URLs.")
    return Row(
        f"invalid-{name}", rule, Step("POST /v2/$name/blobs/uploads/", (202, 400), send={header: value}, check=check)
    )


ROWS = [
    Row(
        "base",
        (BASE, VERSION),
        Step("GET /v2/", 200, headers={"Content-Type": "application/json", "Content-Length": "2"}, json={}),
        Step("HEAD /v2/", 200, headers={"Content-Length": "2"}),
    ),
    Row(
        "base-without-slash",
        distribution("/v2 is redirected to /v2/."),
        Step("GET /v2", (301, 307, 308), headers={"Location": re.compile(r"(http://127\.0\.0\.1:\d+)?/v2/")}),
        Step("GET $location", 200, json={}),
    ),
    Row("root", distribution("/ answers 200."), Step("GET /", 200)),
    Row(
        "version-header-also-on-errors",
        VERSION,
        Step("GET /v2/$name/manifests/latest", 404, headers={"Docker-Distribution-Api-Version": "registry/2.0"}),
        Step("GET /v2/$name/manifests/.x", 404, headers={"Docker-Distribution-Api-Version": "registry/2.0"}),
        Step("GET /v2/$name/nothing/x", 404, headers={"Docker-Distribution-Api-Version": "registry/2.0"}),
        Step("PUT /v2/", 405, headers={"Docker-Distribution-Api-Version": "registry/2.0"}),
    ),
    behind("host-of-the-request", "http://registry.example:8080", Host="registry.example:8080"),
    behind("x-forwarded-proto", "https://registry.example", Host="registry.example", X_Forwarded_Proto="https"),
    behind("x-forwarded-host", "https://hub.example", X_Forwarded_Proto="https", X_Forwarded_Host="hub.example"),
    behind(
        "x-forwarded-lists",
        "https://hub.example",
        X_Forwarded_Proto="https, http",
        X_Forwarded_Host="hub.example, inner.example",
    ),
    behind("forwarded", "https://hub.example:8443", Forwarded='for=1.2.3.4;proto=https;host="hub.example:8443"'),
    behind("forwarded-list", "https://hub.example", Forwarded="proto=https;host=hub.example, proto=http;host=inner"),
    behind(
        "forwarded-before-x-forwarded",
        "https://hub.example",
        Forwarded="Proto=https;Host=hub.example",
        X_Forwarded_Proto="http",
        X_Forwarded_Host="other.example",
    ),
    *(ignored_header(name, header, value) for name, (header, value) in INVALID_HEADERS.items()),
    Row(
        "relative",
        LOCATION,
        Step(
            "POST /v2/$name/blobs/uploads/",
            202,
            headers={"Location": re.compile(rf"{PREFIX}/blobs/uploads/[^/]+")},
        ),
        Step(f"PUT $location&digest={BLOB}", 201, body=BLOB.data, headers={"Location": f"/v2/$name/blobs/{BLOB}"}),
        Step(
            f"POST /v2/$other/blobs/uploads/?mount={BLOB}&from=$name",
            201,
            headers={"Location": f"/v2/$other/blobs/{BLOB}"},
        ),
        Step(
            "PUT /v2/$name/manifests/latest",
            201,
            send={"Content-Type": OCI_INDEX, "X-Forwarded-Host": "hub.example"},
            body=EMPTY_INDEX.data,
            headers={"Location": f"/v2/$name/manifests/{EMPTY_INDEX}"},
        ),
        flavour="relative",
    ),
    Row(
        "http-1.0-without-a-host",
        rfc9110("7.2", "HTTP/1.0 requests may lack a Host."),
        Step(
            "(raw)",
            (202, 400),
            raw=b"POST /v2/http/1.0/blobs/uploads/ HTTP/1.0\r\nContent-Length: 0\r\n\r\n",
            headers={"Location": ANY},
        ),
    ),
    Row(
        "absolute-form",
        rfc9110("7.1", "A server must accept the absolute form of a request target (RFC 9112 section 3.2.2)."),
        Step(
            "(raw)",
            200,
            raw=b"GET http://registry.example/v2/ HTTP/1.1\r\nHost: registry.example\r\nConnection: close\r\n\r\n",
            json={},
        ),
    ),
    Row(
        "head-is-get-without-a-body",
        rfc9110("9.3.2", "The server SHOULD send the same header fields in response to a HEAD as to a GET."),
        *push_blob(BLOB),
        *push(EMPTY_INDEX, "latest"),
        *(
            Step(f"{method} {target}", 200, headers={"Content-Type": ANY, "Content-Length": ANY})
            for target in (f"/v2/$name/blobs/{BLOB}", "/v2/$name/manifests/latest", "/v2/$name/tags/list")
            for method in ("GET", "HEAD")
        ),
    ),
    Row("start-has-no-body", LOCATION, start(), Step("GET $location", 204, headers={"Content-Type": None})),
]
