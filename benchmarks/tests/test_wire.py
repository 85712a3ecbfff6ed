from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.load import wire
from entrepot_benchmarks.load.payload import PayloadSource
from entrepot_benchmarks.load.wire import Connection, Origin

from .canned import CLOSE, UNREAD, Canned

OK = b"HTTP/1.1 200 OK\r\n"


def sized(body: bytes, status: bytes = b"200 OK", *headers: bytes) -> bytes:
    """Return a response with a Content-Length."""
    lines = [b"HTTP/1.1 " + status, *headers, b"Content-Length: %d" % len(body)]
    return b"\r\n".join([*lines, b"", body])


def chunked(*parts: bytes, trailers: bytes = b"") -> bytes:
    """Return a chunked response."""
    chunks = b"".join(b"%x;note=1\r\n%s\r\n" % (len(part), part) for part in parts)
    return OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n" + trailers + b"\r\n"


@pytest.fixture(scope="module")
def canned() -> Iterator[Canned]:
    """A server for many responses."""
    with Canned(sized(b"")) as server:
        yield server


def framed(body: bytes, parts: list[int]) -> dict[str, bytes]:
    """Return a body as a response with every kind of framing."""
    pieces = [body[start:end] for start, end in zip([0, *parts], [*parts, len(body)], strict=True)]
    return {
        "sized": sized(body),
        "chunked": chunked(*(piece for piece in pieces if piece)),
        "with trailers": chunked(*(piece for piece in pieces if piece), trailers=b"Digest: x\r\n"),
        "until closed": OK + b"Connection: close\r\n\r\n" + body + CLOSE,
        "HTTP/1.0": b"HTTP/1.0 200 OK\r\n\r\n" + body + CLOSE,
        "after an informational response": b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + sized(body),
    }


@given(
    st.binary(max_size=300).filter(lambda body: not body.endswith(CLOSE)),
    st.lists(st.integers(0, 300), max_size=4),
    st.sampled_from(sorted(framed(b"", []))),
    st.integers(1, 400),
    st.sampled_from(["ask", "again", "pull", "pull and check"]),
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_body_is_received_completely_with_any_framing_and_segmentation(
    canned: Canned, body: bytes, parts: list[int], how: str, buffer: int, by: str
) -> None:
    answer = framed(body, sorted(min(part, len(body)) for part in parts))[how]
    canned.answers, canned.requests = [answer, answer, sized(b"the end")], []
    digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
    # Limit every receive, as if the response had arrived in segments of that size.
    with pytest.MonkeyPatch.context() as patch, Connection(canned.origin) as connection:
        patch.setattr(wire, "BUFFER", buffer)
        again = connection.again("GET", "/x")
        for _ in range(2):
            if by == "ask":
                assert connection.ask("GET", "/x").body == body
            elif by == "again":
                assert again() == len(body)
            else:
                assert connection.pull("/x", digest=digest if by == "pull and check" else None) == len(body)
        assert connection.request("GET", "/end", expect=200).body == b"the end"


BROKEN = {
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "no status": b"HTTP/1.1 fine\r\n\r\n",
    "another version": b"HTTP/2 200\r\n\r\n",
    "zeros": bytes(100_000),
    "nothing": CLOSE,
    "half a head": b"HTTP/1.1 200 OK\r\nContent-" + CLOSE,
    "half a body": OK + b"Content-Length: 10\r\n\r\nhalf" + CLOSE,
    "no length": OK + b"Content-Length: many\r\n\r\n",
    "less than nothing": OK + b"Content-Length: -5\r\n\r\n",
    "no chunk": OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nzz\r\n",
    "a negative chunk": OK + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nzz\r\n",
    "half a chunk": OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nzz" + CLOSE,
    "a chunk without an end of its line": OK + b"Transfer-Encoding: chunked\r\n\r\n" + bytes(100_000),
    "a redirect to nowhere": b"HTTP/1.1 307 There\r\nContent-Length: 0\r\n\r\n",
    "a redirect to another protocol": b"HTTP/1.1 307 There\r\nLocation: ftp://x/y\r\nContent-Length: 0\r\n\r\n",
    "a redirect to itself": b"HTTP/1.1 307 There\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n",
}
WAYS: dict[str, Callable[[Connection], object]] = {
    "pull": lambda connection: connection.pull("/x"),
    "again": lambda connection: connection.again("GET", "/x")(),
    "request": lambda connection: connection.request("GET", "/x", expect=200),
}


@pytest.mark.parametrize("by", WAYS)
@pytest.mark.parametrize("what", BROKEN)
def test_an_invalid_response_is_an_error_in_one_line(canned: Canned, what: str, by: str) -> None:
    canned.answers, canned.requests = [BROKEN[what]], []
    with Connection(canned.origin) as connection, pytest.raises(BenchmarkError) as raised:
        WAYS[by](connection)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 500


def test_a_silent_server_is_a_timeout(canned: Canned) -> None:
    canned.answers, canned.requests = [b""], []
    with (
        Connection(canned.origin, patience=1) as connection,
        pytest.raises(BenchmarkError, match="sent nothing for 1 s"),
    ):
        connection.ask("GET", "/x")


def test_a_failed_connection_is_an_error(canned: Canned) -> None:
    with Canned() as gone:
        pass
    for origin, reason in (
        (gone.origin, "Connection refused"),
        (Origin("no.such.host.invalid", 80), "not known|resol"),
    ):
        with pytest.raises(BenchmarkError, match=f"cannot be reached: .*(?:{reason})"):
            Connection(origin)


@pytest.mark.parametrize("by", ["pull", "again"])
def test_credentials_are_only_sent_in_redirects_to_the_same_origin(canned: Canned, by: str) -> None:
    secret = {"Authorization": "Basic c2VjcmV0"}
    with Canned(sized(b"blob")) as other:
        there = f"http://{other.address}/signed?key=1".encode()
        moves = [sized(b"go", b"307 Go", b"Location: " + where) for where in (there, b"here", there)]
        canned.answers, canned.requests = [moves[0], moves[1], moves[2]], []
        before = canned.connections
        with Connection(Origin(canned.origin.host, canned.origin.port, headers=secret)) as connection:
            assert [WAYS[by](connection) for _ in range(2)] == [4, 4]
        assert [request.partition(b" HTTP")[0] for request in canned.requests] == [b"GET /x", b"GET /x", b"GET /here"]
        assert all(b"Basic c2VjcmV0" in request for request in canned.requests)
        assert [request.partition(b" HTTP")[0] for request in other.requests] == [b"GET /signed?key=1"] * 2
        assert not any(b"Authorization" in request for request in other.requests)
        assert (canned.connections - before, other.connections) == (1, 1)


def test_a_connection_closed_by_the_server_is_reopened(canned: Canned) -> None:
    canned.answers, canned.requests = [sized(b"x", b"200 OK", b"Connection: close") + CLOSE], []
    before = canned.connections
    with Connection(canned.origin) as connection:
        again = connection.again("GET", "/x")
        assert [again(), again(), connection.pull("/x"), len(connection.ask("GET", "/x").body)] == [1] * 4
    assert canned.connections - before == 4


def test_a_body_rejected_early_is_reported_with_the_error_of_the_server(canned: Canned) -> None:
    full = UNREAD + sized(b'{"errors":[{"code":"NOSPACE"}]}', b"507 Full", b"Connection: close") + CLOSE
    canned.answers, canned.requests = [full, full, sized(b"", b"201 Made")], []
    source = PayloadSource(40 * 2**20)
    payload = source.make("large")
    with Connection(canned.origin) as connection:
        with pytest.raises(BenchmarkError, match=r"PATCH /x answered 507, not 202: .*NOSPACE"):
            connection.send("PATCH", "/x", payload, expect=202)
        with pytest.raises(BenchmarkError, match=r"PUT /x answered 507, not 201: .*NOSPACE"):
            connection.request("PUT", "/x", body=bytes(2**24), expect=201)
        connection.send("PUT", "/x", payload, expect=201)
    source.close()
    assert hashlib.sha256(canned.requests[2].partition(b"\r\n\r\n")[2]).hexdigest() == payload.digest[7:]


def test_content_that_does_not_match_the_digest_is_an_error(canned: Canned) -> None:
    canned.answers, canned.requests = [sized(b"others")], []
    with Connection(canned.origin) as connection, pytest.raises(BenchmarkError, match="does not match sha"):
        connection.pull("/x", digest=f"sha256:{'0' * 64}")


def test_a_missing_location_is_an_error(canned: Canned) -> None:
    canned.answers, canned.requests = [sized(b"", b"202 Accepted")], []
    with Connection(canned.origin) as connection, pytest.raises(BenchmarkError, match="202 has no Location"):
        _ = connection.request("POST", "/x", expect=202).location


@given(st.text(max_size=40), st.sampled_from(["", "http://", "https://", "http://me:h0rse@", "ftp://me:h0rse@"]))
@settings(max_examples=300)
def test_any_text_is_an_origin_or_an_error_without_the_password(text: str, begin: str) -> None:
    try:
        shown = Origin.of(begin + text).authority
    except BenchmarkError as error:
        shown = str(error)
    assert shown
    assert "h0rse" not in shown
