from __future__ import annotations

import io
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.trace.file import read_trace, write_trace
from entrepot_benchmarks.trace.parsing import format_record
from entrepot_benchmarks.trace.record import (
    HEADER,
    MAX_BLOB_SIZE,
    MAX_LINE,
    MAX_MANIFEST_SIZE,
    MIN_BLOB_SIZE,
    Kind,
    Record,
)

NAMES = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", fullmatch=True)
COMPONENT = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+){0,2}"
REPOSITORIES = st.from_regex(rf"{COMPONENT}(/{COMPONENT}){{0,3}}", fullmatch=True).filter(lambda name: len(name) < 256)
TIMES = st.integers(0, 10**15 - 1).map(lambda microseconds: microseconds / 1_000_000)
BLOB_SIZES = st.integers(MIN_BLOB_SIZE, MAX_BLOB_SIZE)
MANIFEST_SIZES = st.integers(1, MAX_MANIFEST_SIZE)
BLOBS = st.lists(NAMES, max_size=128).map(tuple)


def reads(kinds: list[Kind], sizes: st.SearchStrategy[int]) -> st.SearchStrategy[Record]:
    return st.builds(Record, TIMES, st.sampled_from(kinds), REPOSITORIES, NAMES, st.none() | sizes)


RECORDS = st.one_of(
    reads(["HEAD manifest", "GET manifest"], MANIFEST_SIZES),
    reads(["HEAD blob", "GET blob"], BLOB_SIZES),
    st.builds(Record, TIMES, st.just("PUT blob"), REPOSITORIES, NAMES, BLOB_SIZES),
    st.builds(Record, TIMES, st.just("PUT manifest"), REPOSITORIES, NAMES, MANIFEST_SIZES, BLOBS),
    st.builds(Record, TIMES, st.just("GET tags"), REPOSITORIES),
)
ON_FILES = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def trace_of(folder: Path, *lines: str | bytes) -> Path:
    file = folder / "some.trace"
    file.write_bytes(b"".join((line if isinstance(line, bytes) else line.encode()) + b"\n" for line in lines))
    return file


@ON_FILES
@given(st.lists(RECORDS, max_size=20))
def test_written_traces_are_read_back(tmp_path: Path, made: list[Record]) -> None:
    made.sort(key=lambda record: record.time)
    text = io.StringIO()
    assert write_trace(made, text) == len(made)
    assert list(read_trace(trace_of(tmp_path, text.getvalue()))) == made


def test_a_handwritten_trace_is_read(tmp_path: Path) -> None:
    lines = [
        HEADER,
        "",
        "# who pulls: größer is fine in a comment",
        "0 GET\ttags  library/nginx - -",
        "   1.5   PUT manifest   library/nginx   1.27   900   config,layer-1  \r",
        "1.5 HEAD blob library/nginx layer-2 absent",
    ]
    assert [(record, record.line) for record in read_trace(trace_of(tmp_path, *lines))] == [
        (Record(0.0, "GET tags", "library/nginx"), 4),
        (Record(1.5, "PUT manifest", "library/nginx", "1.27", 900, ("config", "layer-1")), 5),
        (Record(1.5, "HEAD blob", "library/nginx", "layer-2"), 6),
    ]


@ON_FILES
@given(st.one_of(st.binary(max_size=80), st.text(max_size=80).map(str.encode)))
def test_garbage_is_rejected_with_its_line_number(tmp_path: Path, garbage: bytes) -> None:
    garbage = garbage.replace(b"\n", b"?")
    file = trace_of(tmp_path, HEADER, "0 GET tags app - -", garbage)
    if not garbage.strip(b" \t\r") or garbage.strip(b" \t\r").startswith(b"#"):
        return
    with pytest.raises(BenchmarkError) as caught:
        list(read_trace(file))
    assert str(caught.value).startswith(f"{file}:3: ")


@ON_FILES
@given(RECORDS, st.integers(0, 5), st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"])))
def test_a_line_with_one_arbitrary_column_is_rejected_or_preserved(
    tmp_path: Path, record: Record, column: int, strange: str
) -> None:
    columns = format_record(record).split(" ")
    columns[column] = strange
    file = trace_of(tmp_path, HEADER, " ".join(columns))
    written = [word for word in " ".join(columns).replace("\t", " ").split(" ") if word]
    parsed = [format_record(one).split(" ")[1:] for one in read_or_reject(file)]
    assert parsed in ([written[1:]], []), "an invalid line is rejected or a comment"


def read_or_reject(file: Path) -> list[Record]:
    """Return the requests of a file whose second line may be rejected."""
    try:
        return list(read_trace(file))
    except BenchmarkError as error:
        message = str(error)
    assert message.startswith(f"{file}:2: ")
    return []


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("0 GET blob app layer", "5 columns; expected 6"),
        ("0 GET blob app layer 100 a b", "8 columns"),
        ("1,5 GET blob app layer 100", "invalid time '1,5': expected seconds"),
        ("-1 GET blob app layer 100", "invalid time '-1'"),
        ("1e3 GET blob app layer 100", "invalid time '1e3'"),
        ("nan GET blob app layer 100", "invalid time 'nan'"),
        ("٣ GET blob app layer 100", "invalid time '٣'"),
        ("0.0000001 GET blob app layer 100", "invalid time '0.0000001'"),
        ("0 DELETE blob app layer 100", "unknown request 'DELETE blob': expected one of HEAD manifest"),
        ("0 get blob app layer 100", "unknown request 'get blob'"),
        ("0 GET blob App layer 100", "invalid repository 'App'"),
        ("0 GET blob app/ layer 100", "invalid repository 'app/'"),
        (f"0 GET blob {'a' * 256} layer 100", "expected at most 255"),
        ("0 GET blob app -layer 100", "invalid object '-layer'"),
        (f"0 GET blob app {'l' * 129} 100", "expected at most 128"),
        ("0 GET blob app sha256:0123 100", "invalid object 'sha256:0123'"),
        ("0 GET tags app latest -", "for a list of tags: expected -"),
        ("0 GET tags app - 100", "invalid size '100' for a list of tags: expected -"),
        ("0 PUT blob app layer 0", "invalid size '0' for a PUT blob: expected 32 to"),
        ("0 PUT blob app layer 31", "invalid size '31' for a PUT blob: expected 32 to"),
        ("0 PUT blob app layer absent", "invalid size 'absent' for a PUT blob"),
        ("0 GET blob app layer 0", "or absent if the expected status is 404"),
        ("0 GET manifest app latest 0", "invalid size '0' for a GET manifest: expected 1 to 4194304 bytes"),
        (f"0 GET blob app layer {MAX_BLOB_SIZE + 1}", "bytes"),
        (f"0 GET blob app layer {'9' * 5000}", "invalid size '99999"),
        ("0 GET blob app layer 100 other", "only a PUT manifest names blobs"),
        ("0 PUT manifest app latest 100 a,,b", "invalid blob ''"),
        (f"0 PUT manifest app latest 100 {','.join(['a'] * 129)}", "a manifest names 129 blobs: at most 128"),
    ],
)
def test_a_malformed_line_is_reported_with_the_expected_format(tmp_path: Path, line: str, complaint: str) -> None:
    file = trace_of(tmp_path, HEADER, "# a comment", line)
    with pytest.raises(BenchmarkError) as caught:
        list(read_trace(file))
    assert str(caught.value).startswith(f"{file}:3: ")
    assert complaint in str(caught.value)
    assert len(str(caught.value)) < 500, "a long line is not quoted completely"


def test_decreasing_times_are_rejected(tmp_path: Path) -> None:
    file = trace_of(tmp_path, HEADER, "2 GET tags app - -", "# later", "1.5 GET tags app - -")
    with pytest.raises(BenchmarkError, match=r":4: the time 1\.5 is before 2\.0 of line 2: sort the lines by time"):
        list(read_trace(file))
    with pytest.raises(BenchmarkError, match="sort the requests by time"):
        write_trace([Record(2.0, "GET tags", "app"), Record(1.0, "GET tags", "app")], io.StringIO())


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ([], "the file is empty: a trace begins with the line 'entrepot-trace 1'"),
        (["0 GET tags app - -"], ":1: the first line is '0 GET tags app - -': a trace begins with"),
        (["entrepot-trace 2"], ":1: unsupported version 'entrepot-trace 2'"),
        ([HEADER, "x" * MAX_LINE], f":2: the line has more than {MAX_LINE} bytes"),
        ([HEADER, b"0 GET blob app \xff 100"], ":2: the line is not UTF-8"),
    ],
)
def test_a_file_that_is_not_a_trace_is_rejected(tmp_path: Path, lines: list[str | bytes], complaint: str) -> None:
    with pytest.raises(BenchmarkError) as caught:
        list(read_trace(trace_of(tmp_path, *lines)))
    assert complaint in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match=r"the trace .*nowhere cannot be read: No such file"):
        list(read_trace(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    "record",
    [
        Record(0.00000012, "GET tags", "app"),
        Record(0.0, "GET blob", "app", "layer", 100, ("other",)),
        Record(0.0, "PUT blob", "app", "layer", None),
        Record(0.0, "GET blob", "app", "two words", 100),
        Record(float("inf"), "GET tags", "app"),
    ],
)
def test_a_request_that_cannot_be_represented_is_not_written(record: Record) -> None:
    with pytest.raises(BenchmarkError):
        write_trace([record], io.StringIO())


def test_reading_uses_constant_memory(tmp_path: Path) -> None:
    lines = (f"{number} GET blob app-{number} layer-{number} 1000" for number in range(60_000))
    records = read_trace(trace_of(tmp_path, HEADER, *lines))
    for _ in range(10_000):  # until the cache of names is full
        next(records)
    tracemalloc.start()
    try:
        assert sum(1 for _ in records) == 50_000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 3_000_000, "all lines together would take 12 MB"
