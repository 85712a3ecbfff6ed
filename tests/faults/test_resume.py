"""An upload resumes at the last received byte after the server or the connection died."""

from __future__ import annotations

import time
from random import Random

from support.content import digest_of
from support.services.registry import Registry
from support.wire import Wire, with_digest

MIB = 2**20


def _resume(wire: Wire, location: str, data: bytes) -> None:
    status = wire.status(location)
    start = status.received
    patched = wire.patch(status.location, data[start:], start)
    assert patched.status == 202, patched
    assert patched.received == len(data)
    finished = wire.finish(patched.location, digest_of(data))
    assert finished.status == 201, finished
    assert wire.blob("app", digest_of(data)).body == data


def _data(seed: str, size: int) -> bytes:
    return Random(seed).randbytes(size)  # noqa: S311  # content, not a secret


def test_an_upload_resumes_after_kill_9_during_patch(host: Registry) -> None:
    data = _data("killed", 8 * MIB)
    first = host.wire.patch(host.wire.start_upload("app"), data[: 3 * MIB])
    assert first.status == 202
    exchange = host.wire.begin("PATCH", first.location, 5 * MIB)
    exchange.send(data[3 * MIB : 6 * MIB])
    time.sleep(0.2)

    host.service.kill()
    exchange.close()
    host.start()

    assert 3 * MIB <= host.wire.status(first.location).received <= 6 * MIB
    assert host.wire.blob("app", digest_of(data)).status == 404
    _resume(host.wire, first.location, data)


def test_an_upload_completes_after_a_restart_between_patch_and_put(host: Registry) -> None:
    data = _data("restarted", 2 * MIB)
    patched = host.wire.patch(host.wire.start_upload("app"), data)

    host.stop()
    host.start()

    assert host.wire.finish(patched.location, digest_of(data)).status == 201
    assert host.wire.blob("app", digest_of(data)).body == data


def test_bytes_received_before_a_broken_connection_count(host: Registry, server: str) -> None:
    data = _data("broken", 8 * MIB)
    location = host.wire.start_upload("app")
    exchange = host.wire.begin("PATCH", location, len(data))
    exchange.send(data[: 4 * MIB])
    exchange.close()

    # waitress passes on a request only when its body is complete.
    expected = 0 if server == "waitress" else 4 * MIB
    _wait_for(host.wire, location, expected)
    assert host.wire.blob("app", digest_of(data[: 4 * MIB])).status == 404
    _resume(host.wire, location, data)


def test_an_interrupted_put_leaves_nothing_readable_and_can_resume(host: Registry, server: str) -> None:
    data = _data("broken put", 6 * MIB)
    location = host.wire.start_upload("app")
    exchange = host.wire.begin("PUT", with_digest(location, digest_of(data)), len(data))
    exchange.send(data[: 5 * MIB])
    exchange.close()

    _wait_for(host.wire, location, 0 if server == "waitress" else 5 * MIB)
    assert host.wire.blob("app", digest_of(data)).status == 404
    _resume(host.wire, location, data)


def _wait_for(wire: Wire, location: str, received: int) -> None:
    end = time.monotonic() + 5
    while (there := wire.status(location).received) != received:
        assert time.monotonic() < end, f"{there} bytes are stored instead of {received}"
        time.sleep(0.05)
