"""The metrics of the notifier, as scraped by Prometheus."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from entrepot.notify.metrics import Metrics, MetricsServer
from entrepot.notify.model import Recorded, Settled
from entrepot.notify.outbox import Outbox
from entrepot.notify.settings import MetricsSettings
from entrepot_contract.events import Event
from entrepot_contract.testing.server.running import eventually


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    outbox = Outbox(tmp_path)
    yield outbox
    outbox.close()


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def get(port: int, path: str) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def answers(port: int) -> bool:
    try:
        return get(port, "/metrics")[0] == 200
    except OSError:
        return False


def values(text: str) -> dict[str, float]:
    """Returns each sample by its name and the values of its labels."""
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture
def served(outbox: Outbox, port: int) -> Iterator[Metrics]:
    metrics = Metrics(outbox)
    server = MetricsServer(MetricsSettings("127.0.0.1", port, "/metrics"), metrics.application)
    assert eventually(lambda: answers(port))
    yield metrics
    server.close()
    assert not answers(port)


@pytest.mark.usefixtures("served")
def test_the_metrics_of_each_endpoint_are_read_from_the_outbox(outbox: Outbox, port: int) -> None:
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    outbox.record([Recorded(Event("push", "a", timestamp=hour_ago), ["x", "y"]) for _ in range(5)])
    first, second, third, *_ = (one.seq for one in outbox.pending("x", limit=9))
    outbox.settle("x", Settled(delivered=[first], failed={second: "busy"}, dead={third: "no"}))
    outbox.settle("y", Settled(delivered=[one.seq for one in outbox.pending("y", limit=9)]))
    found = values(get(port, "/metrics")[1])
    assert found["registry_notifications_events_total x Successes"] == 1
    assert found["registry_notifications_events_total x Failures"] == 2
    assert found["registry_notifications_pending_total x"] == 3
    assert found["entrepot_notifications_dead_total x"] == 1
    assert 3600 <= found["entrepot_notifications_oldest_pending_age_seconds x"] < 4000
    assert found["registry_notifications_events_total y Successes"] == 5
    assert found["registry_notifications_pending_total y"] == 0
    assert found["entrepot_notifications_oldest_pending_age_seconds y"] == 0
    assert found["entrepot_notifications_outbox_readable"] == 1


def test_durations_are_recorded_for_each_endpoint(served: Metrics, port: int) -> None:
    for seconds in (0.002, 0.2, 0.3):
        served.observer("x")(seconds)
    found = values(get(port, "/metrics")[1])
    assert found["entrepot_notifications_delivery_seconds_count x"] == 3
    assert found["entrepot_notifications_delivery_seconds_sum x"] == pytest.approx(0.502)
    assert found["entrepot_notifications_delivery_seconds_bucket x 0.25"] == 2


@pytest.mark.usefixtures("served")
def test_an_unreadable_outbox_is_a_metric_and_not_an_error(tmp_path: Path, outbox: Outbox, port: int) -> None:
    outbox.record([Recorded(Event("push", "a"), ["x"])])
    outbox.close()
    (tmp_path / "outbox.db").unlink()
    (tmp_path / "outbox.db").mkdir()
    status, text = get(port, "/metrics")
    assert status == 200
    assert values(text)["entrepot_notifications_outbox_readable"] == 0
    assert "pending" not in text


@pytest.mark.usefixtures("served")
def test_another_path_returns_the_path_of_the_metrics(port: int) -> None:
    assert get(port, "/") == (404, "metrics are at /metrics\n")


def test_binding_an_address_in_use_is_retried(outbox: Outbox, port: int, caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", port)):
        server = MetricsServer(MetricsSettings("127.0.0.1", port, "/metrics"), Metrics(outbox).application)
        assert eventually(lambda: "metrics not served" in caplog.text)
    assert eventually(lambda: answers(port))
    server.close()


def test_an_address_in_use_does_not_block_shutdown(outbox: Outbox, port: int) -> None:
    with socket.create_server(("127.0.0.1", port)):
        server = MetricsServer(MetricsSettings("127.0.0.1", port, "/metrics"), Metrics(outbox).application)
        began = time.monotonic()
        server.close()
        assert time.monotonic() - began < 30


def test_a_stalled_client_does_not_block_others(outbox: Outbox, port: int) -> None:
    server = MetricsServer(MetricsSettings("127.0.0.1", port, "/metrics"), Metrics(outbox).application)
    assert eventually(lambda: answers(port))
    with socket.create_connection(("127.0.0.1", port)) as stalled:
        stalled.sendall(b"GET /metr")
        assert answers(port)
        server.close()
