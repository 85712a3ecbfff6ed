"""SIGTERM: active requests complete, new ones are refused, and the process exits in time."""

from __future__ import annotations

import signal
import time
from random import Random

from support.content import digest_of
from support.services.network import accepts
from support.services.registry import Registry
from support.wire import Exchange, with_digest

from .conftest import DRAIN_SECONDS

MIB = 2**20


def _half_sent(host: Registry, data: bytes) -> Exchange:
    location = with_digest(host.wire.start_upload("app"), digest_of(data))
    exchange = host.wire.begin("PUT", location, len(data))
    exchange.send(data[: len(data) // 2])
    time.sleep(0.3)
    return exchange


def test_an_active_upload_completes_before_the_host_exits(host: Registry) -> None:
    data = Random("drained").randbytes(4 * MIB)  # noqa: S311  # content, not a secret
    exchange = _half_sent(host, data)

    host.service.signal(signal.SIGTERM)
    end = time.monotonic() + 5
    while accepts(host.port):
        assert time.monotonic() < end, "new connections are still accepted 5 s after SIGTERM"
        time.sleep(0.02)
    time.sleep(0.5)
    exchange.send(data[len(data) // 2 :])
    answer = exchange.answer()

    assert answer.status == 201, answer
    assert host.service.wait(5) == 0
    assert host.service.pids() == []
    host.start()
    assert host.wire.blob("app", digest_of(data)).body == data


def test_a_stalled_client_does_not_delay_the_exit_beyond_the_drain_timeout(host: Registry) -> None:
    data = bytes(4 * MIB)
    exchange = _half_sent(host, data)

    host.service.signal(signal.SIGTERM)
    host.service.wait(DRAIN_SECONDS + 4)

    exchange.close()
    host.start()
    assert host.wire.blob("app", digest_of(data)).status == 404


def test_an_idle_host_exits_immediately_without_warnings(host: Registry) -> None:
    start = time.monotonic()
    host.service.signal(signal.SIGTERM)
    assert host.service.wait(60) == 0
    assert time.monotonic() - start < DRAIN_SECONDS
    assert "Traceback" not in host.service.output()
