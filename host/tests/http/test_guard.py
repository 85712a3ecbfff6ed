"""Every path of the registry is protected, and clients get Distribution's errors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from ipaddress import ip_network

import pytest
from falcon.testing import Result
from host.tests.access.authenticators import People, Tokens
from limits import parse
from support.content import digest_of
from support.host import HTTP, QUIET, Process, memory

from entrepot.access import Gate, Limits, Rule, Rules
from entrepot.access.limits import LimitSettings
from entrepot.settings import RegistrySettings
from entrepot_contract.events import Event

ALICE = {"Authorization": "Name alice"}
BOB = {"Authorization": "Name bob"}
MALLORY = {"Authorization": "Name mallory"}
RULES = Rules(
    [
        Rule.of("anonymous", "public/**", ["pull"]),
        Rule.of("user:bob", "bobs/**", ["pull", "push"]),
        Rule.of("group:devs", "**", ["pull", "push", "delete", "catalog"]),
        Rule.of("user:bob", "**", ["catalog"]),
    ]
)
BLOB = b"a blob"
DIGEST = digest_of(BLOB)
EVENTS: list[Event] = []


@pytest.fixture
def host() -> Iterator[Process]:
    EVENTS.clear()
    host = Process(memory(), gate=Gate([Tokens(), People()], RULES), publish=EVENTS.append)
    for name in ("public/a", "bobs/a", "other/a"):
        answer = host.request("POST", f"/v2/{name}/blobs/uploads/?digest={DIGEST}", BLOB, ALICE)
        assert answer.status_code == 201, answer.text
        assert host.request("PUT", f"/v2/{name}/manifests/v1", _manifest(), ALICE).status_code == 201
    yield host
    host.registry.close()


def _manifest() -> bytes:
    descriptor = f'{{"mediaType":"application/octet-stream","digest":"{DIGEST}","size":{len(BLOB)}}}'
    media_type = "application/vnd.oci.image.manifest.v1+json"
    text = f'{{"schemaVersion":2,"mediaType":"{media_type}","config":{descriptor},"layers":[]}}'
    return text.encode()


def _code(answer: Result) -> str:
    return str(answer.json["errors"][0]["code"])


def test_the_version_requires_a_credential(host: Process) -> None:
    answer = host.request("GET", "/v2/")
    assert (answer.status_code, _code(answer)) == (401, "UNAUTHORIZED")
    assert (
        answer.headers["www-authenticate"]
        == 'Bearer realm="http://falconframework.org/auth/token",scope="",error="None"'
    )
    assert answer.headers["docker-distribution-api-version"] == "registry/2.0"
    assert host.request("GET", "/v2/", headers=ALICE).status_code == 200
    assert host.request("GET", "/v2/", headers=MALLORY).status_code == 401
    assert host.request("GET", "/").status_code == 200


@pytest.mark.parametrize("credential", ["Basic Og==", "basic Og==", "BASIC  Og== "])
def test_empty_name_and_password_are_treated_as_no_credential(credential: str) -> None:
    gate = Gate([People()], RULES)
    limits = Limits(LimitSettings(failed_logins=parse("3/minute")))
    host = Process(memory(), gate=gate, limits=limits)
    host.request("POST", f"/v2/public/a/blobs/uploads/?digest={DIGEST}", BLOB, ALICE)
    headers = {"Authorization": credential}
    for _ in range(5):
        assert host.request("GET", f"/v2/public/a/blobs/{DIGEST}", headers=headers).content == BLOB
        bare, named = (host.request("GET", f"/v2/other/a/blobs/{DIGEST}", headers=sent) for sent in ({}, headers))
        assert (bare.status_code, bare.headers["www-authenticate"]) == (401, named.headers["www-authenticate"])
        assert bare.json == named.json
    assert host.request("GET", "/v2/", headers=headers).status_code == 401
    assert host.request("GET", "/v2/", headers=ALICE).status_code == 200, "no login has failed"


@pytest.mark.parametrize("sent", ["Basic Ojo=", "Basic OmE=", "Basic YTo=", "Basic Og", "Basic Og==x", "Bearer Og=="])
def test_any_other_credential_is_checked(sent: str) -> None:
    host = Process(memory(), gate=Gate([People()], RULES))
    assert host.request("GET", f"/v2/public/a/blobs/{DIGEST}", headers={"Authorization": sent}).status_code == 401


def test_a_rejection_contains_the_missing_access(host: Process) -> None:
    answer = host.request("GET", "/v2/other/a/manifests/v1")
    assert answer.status_code == 401
    assert answer.json == {
        "errors": [
            {
                "code": "UNAUTHORIZED",
                "message": "authentication required",
                "detail": [{"Type": "repository", "Class": "", "Name": "other/a", "Action": "pull"}],
            }
        ]
    }


@pytest.mark.parametrize(
    ("headers", "method", "path", "status"),
    [
        ({}, "GET", "/v2/public/a/manifests/v1", 200),
        ({}, "GET", f"/v2/public/a/blobs/{DIGEST}", 200),
        ({}, "GET", "/v2/public/a/tags/list", 200),
        ({}, "GET", f"/v2/public/a/referrers/{DIGEST}", 200),
        ({}, "POST", "/v2/public/a/blobs/uploads/", 401),
        ({}, "GET", "/v2/public/a/blobs/uploads/00000000-0000-0000-0000-000000000000", 401),
        ({}, "DELETE", "/v2/public/a/manifests/v1", 401),
        ({}, "GET", "/v2/_catalog", 401),
        (BOB, "GET", "/v2/other/a/manifests/v1", 403),
        (BOB, "HEAD", f"/v2/other/a/blobs/{DIGEST}", 403),
        (BOB, "GET", "/v2/nowhere/tags/list", 403),
        (BOB, "POST", "/v2/other/a/blobs/uploads/", 403),
        (BOB, "PUT", "/v2/public/a/manifests/v2", 403),
        (BOB, "POST", "/v2/bobs/a/blobs/uploads/", 202),
        (BOB, "DELETE", "/v2/bobs/a/manifests/v1", 403),
        (BOB, "DELETE", "/v2/bobs/a/blobs/uploads/00000000-0000-0000-0000-000000000000", 404),
        (ALICE, "DELETE", "/v2/bobs/a/manifests/v1", 202),
        (MALLORY, "GET", "/v2/public/a/manifests/v1", 401),
        ({"Authorization": "Bearer repository:other/a:pull"}, "GET", "/v2/other/a/manifests/v1", 200),
        ({"Authorization": "Bearer repository:other/a:push"}, "POST", "/v2/other/a/blobs/uploads/", 401),
        ({"Authorization": "Bearer repository:other/a:pull"}, "GET", "/v2/public/a/manifests/v1", 401),
    ],
)
def test_each_path_requires_its_action(
    host: Process, headers: dict[str, str], method: str, path: str, status: int
) -> None:
    assert host.request(method, path, headers=headers).status_code == status


@pytest.mark.parametrize(
    ("headers", "names"),
    [
        (ALICE, ["bobs/a", "other/a", "public/a"]),
        (BOB, ["bobs/a", "public/a"]),
        ({"Authorization": "Bearer registry:catalog:* repository:other/a:pull"}, ["other/a", "public/a"]),
    ],
)
def test_the_catalog_shows_only_repositories_that_the_client_may_pull(
    host: Process, headers: dict[str, str], names: list[str]
) -> None:
    assert host.request("GET", "/v2/_catalog", headers=headers).json == {"repositories": names}
    page = host.request("GET", "/v2/_catalog?n=1", headers=headers)
    assert page.json == {"repositories": names[:1]}
    assert page.headers["link"] == f'</v2/_catalog?last={names[0].replace("/", "%2F")}&n=1>; rel="next"'


SCOPES = "repository:bobs/a:pull repository:bobs/a:push repository:other/a:pull"


def test_the_challenge_to_a_mount_includes_its_source(host: Process) -> None:
    target = f"/v2/bobs/a/blobs/uploads/?mount={DIGEST}&from=other/a"
    pushing = {"Authorization": "Bearer repository:bobs/a:pull repository:bobs/a:push"}
    for sent, error in (({}, None), (pushing, "insufficient"), ({"Authorization": "Bearer x"}, "invalid")):
        answer = host.request("POST", target, headers=sent)
        assert answer.status_code == 401
        assert f'scope="{SCOPES}",error="{error}"' in (answer.headers["www-authenticate"] or "")
    both = {"Authorization": f"Bearer {SCOPES}"}
    assert host.request("POST", target, headers=both).status_code == 201


@pytest.mark.parametrize("granted", ["!", "push"])
def test_a_token_requested_for_the_source_but_without_it_gets_an_upload(host: Process, granted: str) -> None:
    token = {"Authorization": f"Bearer repository:bobs/a:pull repository:bobs/a:push repository:other/a:{granted}"}
    for source in ("other/a", "Other/A"):
        target = f"/v2/bobs/a/blobs/uploads/?mount={DIGEST}&from={source}"
        assert host.request("POST", target, headers=token).status_code == 202


@pytest.mark.parametrize(
    ("query", "status"),
    [
        (f"mount={DIGEST}&from=public/a", 201),
        (f"mount={DIGEST}&from=other/a", 202),
        (f"mount={DIGEST}&from=nowhere", 202),
        (f"mount={DIGEST}", 202),
    ],
)
def test_a_mount_requires_pull_on_its_source(host: Process, query: str, status: int) -> None:
    assert host.request("POST", f"/v2/bobs/new/blobs/uploads/?{query}", headers=BOB).status_code == status


def test_events_have_the_user_as_actor(host: Process) -> None:
    host.request("GET", "/v2/other/a/manifests/v1", headers=ALICE)
    host.request("GET", "/v2/public/a/manifests/v1")
    assert [event.actor for event in EVENTS[-2:]] == ["alice", None]


def test_too_many_failed_logins_are_rejected_without_authentication() -> None:
    limits = Limits(LimitSettings(failed_logins=parse("2/hour")))
    host = Process(memory(), gate=Gate([Tokens(), People()], RULES), limits=limits)
    assert [host.request("GET", "/v2/", headers=MALLORY).status_code for _ in range(3)] == [401, 401, 429]
    answer = host.request("GET", "/v2/", headers=ALICE)
    assert (answer.status_code, _code(answer)) == (429, "TOOMANYREQUESTS")
    assert 0 < int(answer.headers["retry-after"] or "") <= 3600  # until the end of the hour
    assert host.request("GET", "/v2/", headers={"Authorization": "Bearer x:y:z"}).status_code == 200


def test_bad_tokens_do_not_count_as_logins() -> None:
    limits = Limits(LimitSettings(failed_logins=parse("1/hour")))
    host = Process(memory(), gate=Gate([Tokens(), People()], RULES), limits=limits)
    for _ in range(3):
        assert host.request("GET", "/v2/", headers={"Authorization": "Bearer bad"}).status_code == 401
    assert host.request("GET", "/v2/", headers=ALICE).status_code == 200


def test_each_identity_has_a_rate_limit() -> None:
    limits = Limits(LimitSettings(per_identity=parse("2/hour")))
    host = Process(memory(), gate=Gate([People()], RULES), limits=limits)
    assert [host.request("GET", "/v2/", headers=ALICE).status_code for _ in range(3)] == [200, 200, 429]
    assert host.request("GET", "/v2/", headers=BOB).status_code == 200


def test_each_address_has_a_rate_limit_also_behind_proxies() -> None:
    limits = Limits(LimitSettings(per_address=parse("2/hour")))
    http = replace(HTTP, trusted_proxies=(ip_network("127.0.0.1/32"),))
    host = Process(memory(), http=http, limits=limits)
    first = {"X-Forwarded-For": "192.0.2.1"}
    assert [host.request("GET", "/v2/", headers=first).status_code for _ in range(3)] == [200, 200, 429]
    assert host.request("GET", "/v2/", headers={"X-Forwarded-For": "192.0.2.2"}).status_code == 200


@pytest.mark.parametrize(
    ("method", "beyond"),
    [
        ("POST", f"/v2/b/blobs/uploads/?digest={DIGEST}"),
        ("PUT", "/v2/b/manifests/latest"),
        ("POST", "/auth/token"),
    ],
)
def test_a_body_beyond_the_upload_limit_is_rejected(method: str, beyond: str) -> None:
    limits = Limits(LimitSettings(uploads=1))
    host = Process(memory(), gate=Gate([Tokens(), People()], RULES), limits=limits)
    seen: list[int] = []

    class Waiting(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if not seen:
                seen.append(0)
                other = host.request(method, beyond, BLOB, ALICE)
                seen[0] = other.status_code
                assert _code(other) == "TOOMANYREQUESTS"
                assert host.request("GET", "/v2/", headers=ALICE).status_code == 200
            return super().read(size)

    path = f"/v2/team/a/blobs/uploads/?digest={DIGEST}"
    assert host.request("POST", path, Waiting(BLOB), ALICE, length=len(BLOB)).status_code == 201
    assert seen == [429]
    assert host.request("POST", "/v2/team/a/blobs/uploads/?digest=bad", headers=ALICE).status_code == 400
    assert host.request("POST", path, BLOB, ALICE).status_code == 201


class TestTokenEndpoint:
    def test_get_passes_the_query_to_the_issuer(self, host: Process) -> None:
        answer = host.request("GET", "/auth/token?service=s&scope=a&scope=b&account=", headers=ALICE)
        assert answer.json == {
            "method": "GET",
            "who": "alice",
            "parameters": {"service": ["s"], "scope": ["a", "b"], "account": [""]},
            "allowed": ["pull", "push"],
        }
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-of-the-issuer"] == "yes"

    def test_post_passes_the_form_to_the_issuer(self, host: Process) -> None:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = host.request("POST", "/auth/token?scope=not-this", b"scope=a+b&password=%26%C3%A9", form)
        assert answer.json["parameters"] == {"scope": ["a b"], "password": ["&\u00e9"]}
        assert answer.json["who"] == ""

    def test_a_token_is_not_accepted_as_a_login(self, host: Process) -> None:
        answer = host.request("GET", "/auth/token", headers={"Authorization": "Bearer repository:a:pull"})
        assert answer.status_code == 401

    @pytest.mark.parametrize(
        ("body", "content_type"),
        [
            (b"a=b", "application/json"),
            (b"a=%ff", "application/x-www-form-urlencoded"),
            (b"&".join(b"a=%d" % number for number in range(200)), "application/x-www-form-urlencoded"),
            (b"a=" + bytes(100_000), "application/x-www-form-urlencoded"),
        ],
    )
    def test_an_invalid_form_is_rejected(self, host: Process, body: bytes, content_type: str) -> None:
        answer = host.request("POST", "/auth/token", body, {"Content-Type": content_type})
        assert (answer.status_code, _code(answer)) == (400, "UNSUPPORTED")

    def test_failed_logins_are_counted_and_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        limits = Limits(LimitSettings(failed_logins=parse("2/hour")))
        host = Process(memory(), gate=Gate([Tokens(), People()], RULES), limits=limits)
        asked = [host.request("GET", "/auth/token", headers=MALLORY).status_code for _ in range(3)]
        assert asked == [401, 401, 429]
        assert caplog.messages == ["credential rejected for token: address=127.0.0.1 reason=no such user"] * 2
        assert host.request("GET", "/auth/token").status_code == 200

    def test_there_is_no_token_endpoint_without_an_issuer(self) -> None:
        assert Process(memory(), gate=Gate([People()], RULES)).request("GET", "/auth/token").status_code == 404


@pytest.mark.parametrize("path", ["/v2/", "/v2/_catalog", "/v2/other/a/manifests/v1", "/v2/other/a/blobs/uploads/"])
def test_options_requires_no_credential_and_a_preflight_gets_the_configured_headers(path: str) -> None:
    cors = {"Access-Control-Allow-Origin": ("https://ui.example",), "Access-Control-Allow-Headers": ("Authorization",)}
    host = Process(memory(), http=replace(HTTP, headers=cors), gate=Gate([Tokens(), People()], RULES))
    sent = {"Origin": "https://ui.example", "Access-Control-Request-Method": "GET"}
    answer = host.request("OPTIONS", path, headers=sent)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["access-control-allow-origin"] == "https://ui.example"
    assert answer.headers["access-control-allow-headers"] == "Authorization"
    assert "www-authenticate" not in answer.headers


@pytest.mark.parametrize(
    ("settings", "allowed"),
    [
        (QUIET, ("DELETE, GET, HEAD, OPTIONS, PUT", "DELETE, GET, HEAD, OPTIONS", "OPTIONS, POST")),
        (replace(QUIET, delete_enabled=False), ("GET, HEAD, OPTIONS, PUT", "GET, HEAD, OPTIONS", "OPTIONS, POST")),
        (replace(QUIET, readonly=True), ("GET, HEAD, OPTIONS", "GET, HEAD, OPTIONS", "OPTIONS")),
    ],
)
def test_options_returns_the_enabled_methods(settings: RegistrySettings, allowed: tuple[str, ...]) -> None:
    host = Process(memory(), settings)
    paths = ("manifests/v1", f"blobs/{DIGEST}", "blobs/uploads/")
    answers = [host.request("OPTIONS", f"/v2/app/{path}") for path in paths]
    assert tuple(answer.headers["allow"] for answer in answers) == allowed


def test_a_challenge_uses_the_forwarded_host_only_from_a_trusted_proxy() -> None:
    sent = {"Host": "in", "X-Forwarded-Host": "out.example", "X-Forwarded-Proto": "https"}
    for network, realm in (("10.0.0.0/8", "http://in/auth/token"), ("127.0.0.0/8", "https://out.example/auth/token")):
        http = replace(HTTP, trusted_proxies=(ip_network(network),))
        answer = Process(memory(), http=http, gate=Gate([Tokens()], RULES)).request("GET", "/v2/", headers=sent)
        assert f'realm="{realm}"' in (answer.headers["www-authenticate"] or "")
