"""Durations in Go's syntax."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from entrepot_contract.toolkit.durations import Duration, format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("168h", 604800),
        ("2h10m", 7800),
        ("1.5s", 1.5),
        (".5m", 30),
        ("100ms", 0.1),
        ("7us", 7e-6),
        ("7µs", 7e-6),
        ("0", 0),
        (0, 0),
        ("0.0", 0),
    ],
)
def test_a_duration_is_parsed(text: object, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "h", "5 h", "-5s", "5d", "5s5", "1e3", "٣s", None, "9" * 30 + "h", 60, "2.5", 1.5]
)
def test_an_invalid_duration_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


@pytest.mark.parametrize("number", [60, "168", 1.5])
def test_a_number_without_a_unit_is_refused(number: object) -> None:
    with pytest.raises(ValueError, match=r"without a unit, .* nanoseconds; append s for seconds, or ns"):
        parse_duration(number)


@given(hours=st.integers(0, 9999), minutes=st.integers(0, 59), milliseconds=st.integers(0, 59_999))
def test_the_parts_of_a_duration_are_added(hours: int, minutes: int, milliseconds: int) -> None:
    expected = timedelta(hours=hours, minutes=minutes, milliseconds=milliseconds)
    assert parse_duration(f"{hours}h{minutes}m{milliseconds}ms") == expected


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (604800, "168h"), (5400, "90m"), (1.5, "1.5s"), (100, "100s"), (1e-6, "0.000001s")]
)
def test_a_duration_is_formatted_in_the_largest_unit_without_a_fraction(seconds: float, text: str) -> None:
    assert format_duration(timedelta(seconds=seconds)) == text


@given(st.timedeltas(timedelta(), timedelta(days=10_000)))
def test_a_duration_is_read_back_from_json(value: timedelta) -> None:
    durations = TypeAdapter[timedelta](Duration)
    assert durations.validate_json(durations.dump_json(value)) == value
