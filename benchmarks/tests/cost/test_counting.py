"""Counts on every kind of storage, compared with the host's budget and the READMEs of the drivers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import boto3
import pytest

from entrepot_benchmarks.cost import count_operations
from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.results.model import OperationCost

from .stores import OLD, store, stored, uploads

ROOT = Path(__file__).parents[3]
SIZES = (10_000, 2**20)
LINK = len("sha256:") + 64
IMAGE = "(4 layers of 10 kB)"


def by_operation(costs: list[OperationCost]) -> dict[str, OperationCost]:
    found = {cost.operation: cost for cost in costs}
    assert len(found) == len(costs)
    return found


def calls(costs: list[OperationCost]) -> dict[str, dict[str, int]]:
    return {cost.operation: dict(cost.calls) for cost in costs}


def test_calls_in_memory_match_the_budget_of_the_host() -> None:
    costs = count_operations("mine", "inmemory", {}, blob_sizes=SIZES)
    assert calls(costs) == {
        "push of a blob of 10 KB: POST, PATCH, PUT": {"put": 4, "delete": 1},
        "push of a blob of 1 MiB: POST, PATCH, PUT": {
            "put": 3,
            "upload_start": 1,
            "upload_append": 1,
            "upload_commit": 1,
            "delete": 1,
        },
        "GET of a blob of 10 KB, without a redirect": {"read": 2},
        "HEAD of a blob, cold": {"read": 1, "stat": 1},
        "HEAD of a blob, warm": {"read": 1},
        "push of a manifest with a tag": {"read": 1, "put": 4, "stat": 2},
        "GET of a manifest by tag, cold": {"read": 2},
        "GET of a manifest by tag, warm": {"read": 1},
        "list of 100 tags": {"list_objects": 1},
        "catalog, a page of one repository": {"list_objects": 3},
        # Five blobs are looked up, as a blob and as a manifest, pushed, and looked up again for the manifest that
        # references them.
        f"push of an image {IMAGE}": {"read": 5 * 2 + 5, "put": 5 * 4 + 4, "delete": 5, "stat": 2},
        f"pull of an image {IMAGE}": {"read": 2 + 1 + 5 * 2},
    }
    assert {cost.target for cost in costs} == {"mine"}
    assert all(cost.requests is None for cost in costs)


def test_bytes_out_on_a_filesystem_match_its_file_sizes_and_it_is_left_unchanged(tmp_path: Path) -> None:
    options = {"rootdirectory": str(tmp_path)}
    before, idle = store("filesystem", options), uploads(tmp_path)
    costs = by_operation(count_operations("f", "filesystem", options, blob_sizes=SIZES))
    assert stored("filesystem", options) == before
    assert len(before) == len(OLD)
    assert uploads(tmp_path) == idle
    # Other hosts may write to it, which is checked twice.
    assert costs["push of a blob of 10 KB: POST, PATCH, PUT"].calls == {"put": 4, "stat": 2, "delete": 1}
    assert costs["GET of a blob of 10 KB, without a redirect"].bytes_out == LINK + 10_000
    assert costs["HEAD of a blob, warm"].bytes_out == LINK
    assert costs["push of a blob of 1 MiB: POST, PATCH, PUT"].bytes_out == 0
    pulled = costs[f"pull of an image {IMAGE}"].bytes_out
    # Seven links, four layers, and a config and a manifest of a few hundred bytes each.
    assert 7 * LINK + 4 * 10_000 < pulled < 7 * LINK + 4 * 10_000 + 3_000


SAME = (
    "push of a blob of 10 KB: POST, PATCH, PUT",
    "HEAD of a blob, cold",
    "HEAD of a blob, warm",
    "push of a manifest with a tag",
    "GET of a manifest by tag, cold",
    "GET of a manifest by tag, warm",
)
"""Operations that have the same name in the tables of the READMEs."""


@pytest.mark.parametrize(
    ("driver", "blob"),
    [
        ("s3", "GET of a blob, without a redirect, cold"),
        ("azure", "GET of a blob that the host serves, cold"),
        ("gcs", "GET of a blob, cold"),
    ],
)
def test_the_requests_match_the_readme_of_the_driver_and_leave_the_storage_unchanged(
    driver: str, blob: str, request: pytest.FixtureRequest
) -> None:
    options: dict[str, object] = request.getfixturevalue(driver)
    before = store(driver, options)
    costs = by_operation(count_operations("cloud", driver, options, blob_sizes=(10_000, 2**20, 100 * 2**20)))
    assert stored(driver, options) == before
    table = readme(driver)
    sums = {operation: sum((cost.requests or {}).values()) for operation, cost in costs.items()}
    for ours, theirs in [*zip(SAME, SAME, strict=True), ("GET of a blob of 10 KB, without a redirect", blob)]:
        assert sums[ours] == row(table, theirs), ours
    # There the body is sent with the PUT, and here with a PATCH before it, which needs one more request.
    assert sums["push of a blob of 100 MiB: POST, PATCH, PUT"] == row(table, "push of a blob of 100 MiB: POST, PUT") + 1
    assert sums["list of 100 tags"] == 1
    assert (costs["list of 100 tags"].requests or {}).keys() == {"GET list"}
    if driver == "s3":
        check_kinds(costs)
        check_objects(options)


def check_kinds(costs: Mapping[str, OperationCost]) -> None:
    """Check that the requests of s3 are counted by kind."""
    requests = {operation: cost.requests for operation, cost in costs.items()}
    assert requests["push of a blob of 10 KB: POST, PATCH, PUT"] == {"PUT": 4, "HEAD": 2, "POST": 1}
    assert (requests["push of a blob of 1 MiB: POST, PATCH, PUT"] or {})["PUT copy"] == 1
    assert requests["catalog, a page of one repository"] == {"GET list": 3}
    assert requests[f"push of an image {IMAGE}"] == {"GET": 15, "PUT": 24, "HEAD": 12, "POST": 5}
    assert requests[f"pull of an image {IMAGE}"] == {"GET": 13}


def check_objects(options: Mapping[str, object]) -> None:
    """Check that no temporary objects or uploads are left in s3."""
    client = boto3.client(
        "s3",
        endpoint_url=str(options["regionendpoint"]),
        region_name=str(options["region"]),
        aws_access_key_id=str(options["accesskey"]),
        aws_secret_access_key=str(options["secretkey"]),
    )
    bucket = str(options["bucket"])
    # The driver uses these objects to probe the server's features; they are kept for the next process.
    kept = [".entrepot/create", ".entrepot/order/a-b", ".entrepot/order/a/b", *sorted(OLD)]
    assert [one["Key"] for one in client.list_objects_v2(Bucket=bucket)["Contents"]] == kept
    assert client.list_multipart_uploads(Bucket=bucket).get("Uploads", []) == []
    client.close()


@pytest.mark.parametrize(
    ("driver", "options", "message"),
    [
        ("nowhere", {}, "no storage plugin is called 'nowhere'; installed: "),
        ("s3", {"bukket": "hush-hush"}, "unknown option 'bukket', did you mean 'bucket'?"),
        (
            "s3",
            {"bucket": "b", "regionendpoint": "http://127.0.0.1:9", "accesskey": "a", "secretkey": "hush-hush"},
            "the backend is unhealthy: ",
        ),
    ],
)
def test_an_error_is_reported_in_one_line_without_secrets(
    driver: str, options: dict[str, object], message: str
) -> None:
    with pytest.raises(BenchmarkError, match=r"^the requests of mine cannot be counted: ") as caught:
        count_operations("mine", driver, options, blob_sizes=[10_000])
    assert message in str(caught.value)
    assert "hush-hush" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("sizes", [[], [63], [10_000, 0]])
def test_blobs_that_are_too_small_to_be_unique_are_rejected(sizes: list[int]) -> None:
    with pytest.raises(BenchmarkError, match="at least 64 bytes"):
        count_operations("mine", "inmemory", {}, blob_sizes=sizes)


def readme(driver: str) -> dict[str, int]:
    text = (ROOT / "plugins" / f"storage_{driver}" / "README.md").read_text()
    return {title: int(count.replace(",", "")) for title, count in re.findall(r"^\| (.+?) \| ([\d,]+) \|$", text, re.M)}


def row(table: dict[str, int], begin: str) -> int:
    [found] = [count for title, count in table.items() if title == begin or title.startswith(f"{begin} (")]
    return found
