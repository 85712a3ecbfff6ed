from __future__ import annotations

import pytest

from entrepot_benchmarks.cost.kinds import kind_of, parse_head


@pytest.mark.parametrize(
    ("line", "headers", "kind"),
    [
        ("PUT /bucket/key", "", "PUT"),
        ("PUT /bucket/key", "X-Amz-Copy-Source: bucket/other\r\n", "PUT copy"),
        ("PUT /bucket/key?partNumber=1&uploadId=u", "x-amz-copy-source:bucket/other\r\n", "PUT copy"),
        ("PUT /bucket/key?partNumber=1&uploadId=u", "", "PUT"),
        ("GET /bucket?list-type=2&prefix=a%2F", "", "GET list"),
        ("GET /bucket?prefix=list-type%3D2", "", "GET"),
        ("GET /bucket?uploads&prefix=a", "", "GET list"),
        ("GET /bucket/key?uploadId=u&max-parts=1", "", "GET list"),
        ("GET /bucket/uploads", "", "GET"),
        ("POST /bucket?delete", "", "POST"),
        ("GET /account/container?restype=container&comp=list", "", "GET list"),
        ("GET /account/container/blob?comp=blocklist", "", "GET"),
        ("PUT /account/container/blob", "x-ms-copy-source: https://a/b\r\n", "PUT copy"),
        ("GET /storage/v1/b/bucket/o?prefix=a", "", "GET list"),
        ("GET /storage/v1/b/bucket/o/key%2Fo?alt=media", "", "GET"),
        ("GET https://storage.example/storage/v1/b/bucket/o?prefix=a", "", "GET list"),
        ("HEAD /key", "", "HEAD"),
        ("DELETE /key", "", "DELETE"),
    ],
)
def test_a_request_is_classified_as_in_price_lists(line: str, headers: str, kind: str) -> None:
    head = parse_head(f"{line} HTTP/1.1\r\nHost: a\r\n{headers}\r\n".encode())
    assert head is not None
    assert kind_of(head) == kind


@pytest.mark.parametrize(
    "data", [b"", b"PUT", b"5\r\nhello\r\n", b"put / HTTP/1.1\r\n\r\n", b"\x00PUT / HTTP/1.1\r\n\r\n"]
)
def test_data_that_does_not_begin_with_a_request_is_none(data: bytes) -> None:
    assert parse_head(data) is None
