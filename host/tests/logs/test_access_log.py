"""The access log."""

from __future__ import annotations

import json
import multiprocessing
import os
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entrepot.logs import AccessLog

NASTY = st.text(max_size=40) | st.sampled_from(
    ["a\nlevel=error", 'x" y="z', "\x1b[2J", "\r\n", "\u2028", "\ud800", "a=b"]
)


@pytest.fixture
def descriptor(tmp_path: Path) -> Iterator[int]:
    """A file descriptor to log to."""
    number = os.open(tmp_path / "log", os.O_RDWR | os.O_CREAT | os.O_APPEND)
    yield number
    os.close(number)


def written(descriptor: int) -> list[str]:
    """Returns the logged lines without line ends, and empties the file."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    data = os.read(descriptor, 2**24)
    os.ftruncate(descriptor, 0)
    assert not data or data.endswith(b"\n")
    return data.decode().split("\n")[:-1]


def write(log: AccessLog, path: str = "/v2/", agent: str = "docker/24", user: str = "alice") -> None:
    """Log a request."""
    log.write("GET", path, 200, 12, 0.0015, "127.0.0.1", user, agent, "id-1")


def test_a_request_is_one_line_of_text(descriptor: int) -> None:
    log = AccessLog(as_json=False, fields={"service": "my registry"}, descriptor=descriptor)
    write(log)
    log.close()
    (line,) = written(descriptor)
    time, _, rest = line.partition(" ")
    assert time.startswith("time=20")
    assert rest == (
        "level=info msg=request method=GET path=/v2/ status=200 bytes=12 ms=1.50 remote=127.0.0.1 user=alice "
        'agent=docker/24 id=id-1 service="my registry"'
    )


def test_a_request_is_one_json_object(descriptor: int) -> None:
    log = AccessLog(as_json=True, fields={"service": "my registry"}, descriptor=descriptor)
    write(log, agent='a "b"')
    log.close()
    (line,) = written(descriptor)
    values = json.loads(line)
    assert values.pop("time").endswith("Z")
    assert values == {
        "level": "info",
        "msg": "request",
        "method": "GET",
        "path": "/v2/",
        "status": 200,
        "bytes": 12,
        "ms": 1.5,
        "remote": "127.0.0.1",
        "user": "alice",
        "agent": 'a "b"',
        "id": "id-1",
        "service": "my registry",
    }


@given(path=NASTY, agent=NASTY, user=NASTY)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_value_can_forge_a_line_or_a_field(descriptor: int, path: str, agent: str, user: str) -> None:
    for as_json in (False, True):
        log = AccessLog(as_json=as_json, descriptor=descriptor)
        write(log, path, agent, user)
        log.close()
        (line,) = written(descriptor)
        assert line.isascii()
        assert line.isprintable()
        if as_json:
            values = json.loads(line)
            assert (values["path"], values["agent"], values["user"]) == (path, agent, user)
        else:
            names = [part.partition("=")[0] for part in shlex.split(line)]
            expected = "time level msg method path status bytes ms remote user agent id"
            assert names == expected.split()


def test_long_values_are_cut(descriptor: int) -> None:
    log = AccessLog(as_json=True, descriptor=descriptor)
    write(log, path="/" + "\n" * 100_000, agent="a" * 100_000)
    log.close()
    (line,) = written(descriptor)
    assert len(line) < 4096


def test_lines_beyond_the_limit_are_dropped_and_their_number_is_logged(descriptor: int) -> None:
    log = AccessLog(as_json=False, descriptor=descriptor, limit=10)
    for _ in range(25):
        write(log)
    log.close()
    lines = written(descriptor)
    requests = sum("msg=request" in line for line in lines)
    assert len(lines) == requests + 1
    assert f'level=warn msg="{25 - requests} requests were not logged' in "".join(lines)


def test_a_log_that_cannot_be_written_is_ignored() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    log = AccessLog(as_json=False, descriptor=writer)
    write(log)
    log.close()
    log.close()
    os.close(writer)


def test_lines_are_written_without_a_close(descriptor: int) -> None:
    log = AccessLog(as_json=False, descriptor=descriptor)
    write(log)
    while not os.fstat(descriptor).st_size:
        pass
    log.close()
    assert len(written(descriptor)) == 1


def many_lines(descriptor: int, name: str) -> None:
    log = AccessLog(as_json=True, descriptor=descriptor)
    for number in range(2000):
        write(log, path=f"/{name}/{number}")
    log.close()


def test_lines_of_several_processes_do_not_mix() -> None:
    reader, writer = os.pipe()
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=many_lines, args=(writer, name)) for name in "abc"]
    for process in processes:
        process.start()
    os.close(writer)
    with os.fdopen(reader) as lines:
        paths = [json.loads(line)["path"] for line in lines]
    for process in processes:
        process.join()
    assert sorted(paths) == sorted(f"/{name}/{number}" for name in "abc" for number in range(2000))


def test_a_line_that_cannot_be_formatted_does_not_affect_others(descriptor: int) -> None:
    log = AccessLog(as_json=False, descriptor=descriptor)
    write(log, path="/first")
    write(log, path="/second", user=7)  # type: ignore[arg-type]  # a plugin's mistake
    write(log, path="/third")
    log.close()
    lines = written(descriptor)
    assert [line.split("path=")[1].split()[0] for line in lines if "path=" in line] == ["/first", "/third"]
    assert "1 requests were not logged" in "".join(lines)
