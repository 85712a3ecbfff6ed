"""Reading and writing of trace files, line by line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, TextIO

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.trace.parsing import format_record, parse_record
from entrepot_benchmarks.trace.record import HEADER, MAX_LINE, Record

__all__ = ["COLUMNS", "read_trace", "write_trace"]

COLUMNS = "# time method what repository object size [blobs]"


def read_trace(path: Path) -> Iterator[Record]:
    """Read the requests of a file, with only one line in memory at a time.

    Raises BenchmarkError with the file, the line, the error and how to fix it.
    """
    try:
        with path.open("rb") as file:
            yield from _records(file, str(path))
    except OSError as error:
        raise BenchmarkError(f"the trace {path} cannot be read: {error.strerror}") from error


def write_trace(records: Iterable[Record], file: TextIO) -> int:
    """Write requests. Return their number.

    Raises BenchmarkError if one cannot be written, or is earlier than the previous one.
    """
    file.write(f"{HEADER}\n{COLUMNS}\n")
    count, last = 0, 0.0
    for record in records:
        text = format_record(record)
        if record.time < last:
            raise BenchmarkError(f"{record} at {record.time} follows a request at {last}: sort the requests by time")
        file.write(f"{text}\n")
        count, last = count + 1, record.time
    return count


def _records(file: BinaryIO, name: str) -> Iterator[Record]:
    last, last_line = 0.0, 0
    for number, text in _lines(file, name):
        if number == 1:
            _check_header(text, name)
        elif text and not text.startswith("#"):
            try:
                record = parse_record(text, number)
            except BenchmarkError as error:
                raise BenchmarkError(f"{name}:{number}: {error}") from None
            if record.time < last:
                raise BenchmarkError(
                    f"{name}:{number}: the time {record.time} is before {last} of line {last_line}: "
                    "sort the lines by time"
                )
            last, last_line = record.time, number
            yield record


def _lines(file: BinaryIO, name: str) -> Iterator[tuple[int, str]]:
    number = 0
    while line := file.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE:
            raise BenchmarkError(f"{name}:{number}: the line has more than {MAX_LINE} bytes: is this file a trace?")
        try:
            yield number, line.decode().strip(" \t\r\n")
        except UnicodeDecodeError:
            raise BenchmarkError(f"{name}:{number}: the line is not UTF-8: is this file a trace?") from None
    if not number:
        raise BenchmarkError(f"{name}: the file is empty: a trace begins with the line {HEADER!r}")


def _check_header(text: str, name: str) -> None:
    if text == HEADER:
        return
    word = HEADER.split()[0]
    if text.startswith(f"{word} "):
        raise BenchmarkError(f"{name}:1: unsupported version {text[:60]!r}; expected {HEADER!r}")
    raise BenchmarkError(f"{name}:1: the first line is {text[:60]!r}: a trace begins with the line {HEADER!r}")
