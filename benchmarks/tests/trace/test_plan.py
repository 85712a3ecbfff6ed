from __future__ import annotations

import pytest

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.trace import plan as planning
from entrepot_benchmarks.trace.parsing import parse_record
from entrepot_benchmarks.trace.plan import LISTED, OWN_CONFIG, Plan, plan_replay


def plan(*lines: str) -> Plan:
    """Return the plan for lines without times, numbered from 2."""
    return plan_replay((parse_record(f"0 {line}", number) for number, line in enumerate(lines, 2)), "some.trace")


def test_content_that_is_read_before_it_is_pushed_is_initial() -> None:
    found = plan(
        "GET blob app old 100",
        "HEAD manifest app latest 900",
        "PUT blob app new 200",
        "GET blob app new 200",
        "HEAD blob app seen 300",
        "PUT manifest app v2 900 old,new,seen",
        "GET manifest app v2 900",
        "GET blob other new 200",
        "GET tags third - -",
        "PUT blob fourth pushed 400",
    )
    assert {name: list(initial.blobs) for name, initial in found.initial.items()} == {
        "app": ["old", OWN_CONFIG, "seen"],
        "other": ["new"],
        "third": [OWN_CONFIG],
    }
    assert {name: initial.manifests for name, initial in found.initial.items() if initial.manifests} == {
        "app": {"latest": 900},
        "third": {LISTED: 1},
    }
    assert found.written == {"app", "fourth"}
    assert found.sizes == {OWN_CONFIG: 64, "old": 100, "new": 200, "seen": 300, "pushed": 400}


def test_reads_of_a_tag_refer_to_the_last_pushed_manifest() -> None:
    found = plan(
        "GET manifest app latest 900",
        "PUT manifest app latest 1000",
        "HEAD manifest app latest 1000",
        "PUT manifest app latest 1000",
        "GET manifest app latest 1000",
        "PUT manifest app v1 1000",
        "GET manifest app v1 1000",
    )
    assert list(found.versions) == [0, 1, 1, 2, 2, 1, 1]


def test_an_absent_object_can_be_pushed_even_twice() -> None:
    found = plan(
        "HEAD blob app layer absent",
        "PUT blob app layer 100",
        "PUT blob app layer 100",
        "GET blob app layer 100",
        "HEAD blob other layer absent",
        "GET manifest app v1 absent",
        "PUT manifest app v1 900 layer",
        "GET tags app - -",
    )
    assert found.initial == {}


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        (
            ["GET blob app layer 100", "GET blob other layer 101"],
            "3: GET blob other layer: the size 101 differs from 100 in line 2: a blob has a single size",
        ),
        (["PUT blob app layer 100", "PUT blob app layer 99"], "the size 99 differs from 100 in line 2"),
        (
            ["PUT manifest app v1 900", "GET manifest app v1 901"],
            "3: GET manifest app v1: the size 901 differs from 900 in line 2, and it was not pushed since",
        ),
        (
            ["GET blob app layer absent", "GET blob app layer 100"],
            "it is absent in line 2, and no line in between pushes it: insert a PUT blob, or replace absent with 100",
        ),
        (["HEAD manifest app v1 absent", "GET manifest app v1 900"], "insert a PUT manifest"),
        (["GET blob app layer 100", "HEAD blob app layer absent"], "it is not absent: line 2 pushes or reads it"),
        (["PUT manifest app v1 900", "GET manifest app v1 absent"], "it is not absent: line 2 pushes"),
        (
            ["PUT blob other layer 100", "PUT manifest app v1 900 layer"],
            "3: PUT manifest app v1: it names the blob layer, which no earlier line pushes to this repository",
        ),
        ([], "some.trace: the trace contains no requests"),
    ],
)
def test_an_inconsistent_trace_is_rejected(lines: list[str], complaint: str) -> None:
    with pytest.raises(BenchmarkError) as caught:
        plan(*lines)
    assert str(caught.value).startswith("some.trace:")
    assert complaint in str(caught.value)


def test_a_trace_with_too_many_requests_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "MAX_REQUESTS", 2)
    lines = ["GET tags app - -"] * 3
    assert len(plan(*lines[:2]).records) == 2
    with pytest.raises(BenchmarkError, match=r"some\.trace:4: a replay is limited to 2 requests: .* head -n 3"):
        plan(*lines)
