from __future__ import annotations

import pytest

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.trace import plan as planning
from entrepot_benchmarks.trace.parsing import parse_record
from entrepot_benchmarks.trace.plan import LISTED, OWN_CONFIG, Plan, plan_replay


def plan(*lines: str) -> Plan:
    """The plan of some lines, without their times, which stand from line 2 on."""
    return plan_replay((parse_record(f"0 {line}", number) for number, line in enumerate(lines, 2)), "some.trace")


def test_what_is_read_before_it_is_pushed_is_there_from_the_start() -> None:
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


def test_reads_of_a_tag_are_of_the_manifest_that_was_pushed_last() -> None:
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


def test_a_push_is_not_absent_any_more_and_may_come_twice() -> None:
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
            "3: GET blob other layer: the size 101 is not the 100 of line 2: a blob has one size",
        ),
        (["PUT blob app layer 100", "PUT blob app layer 99"], "the size 99 is not the 100 of line 2"),
        (
            ["PUT manifest app v1 900", "GET manifest app v1 901"],
            "3: GET manifest app v1: the size 901 is not the 900 of line 2, since which nobody has pushed it",
        ),
        (
            ["GET blob app layer absent", "GET blob app layer 100"],
            "line 2 says that it is absent, and no line between pushes it: put a PUT blob there, or write 100",
        ),
        (["HEAD manifest app v1 absent", "GET manifest app v1 900"], "put a PUT manifest there"),
        (["GET blob app layer 100", "HEAD blob app layer absent"], "it is not absent: line 2 pushes or reads it"),
        (["PUT manifest app v1 900", "GET manifest app v1 absent"], "it is not absent: line 2 pushes"),
        (
            ["PUT blob other layer 100", "PUT manifest app v1 900 layer"],
            "3: PUT manifest app v1: it names the blob layer, which no line above pushes to this repository",
        ),
        ([], "some.trace: the trace holds no request"),
    ],
)
def test_a_trace_that_contradicts_itself_is_refused(lines: list[str], complaint: str) -> None:
    with pytest.raises(BenchmarkError) as caught:
        plan(*lines)
    assert str(caught.value).startswith("some.trace:")
    assert complaint in str(caught.value)


def test_a_trace_that_is_too_long_to_be_kept_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "MAX_REQUESTS", 2)
    lines = ["GET tags app - -"] * 3
    assert len(plan(*lines[:2]).records) == 2
    with pytest.raises(BenchmarkError, match=r"some\.trace:4: a replay takes 2 requests at most: .* head -n 3"):
        plan(*lines)
