"""The rest of a body is read before the response, within limits; otherwise the connection is closed."""

from __future__ import annotations

import threading
import time
from io import BytesIO

import pytest
from falcon.testing import Result, TestClient
from host.tests.access.authenticators import People
from limits import parse
from support.host import Process, memory

from entrepot.access import Gate, Limits, Rules
from entrepot.access.limits import LimitSettings
from entrepot_contract.server import CLOSE_CONNECTION, INPUT_TIMEOUT

MIB = 2**20
UPLOAD = "/v2/a/blobs/uploads/00000000-0000-4000-8000-000000000000"


class Client(BytesIO):
    """A body of some size that counts the bytes read, and a connection that may be closed."""

    def __init__(self, size: int, pause: float = 0, *, chunked: bool = False) -> None:
        super().__init__()
        self.size = size
        self.left = size
        self.cut_off = False
        self.limit = 0.0
        self._pause = pause
        self._framing = {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"} if chunked else {}

    def read(self, size: int | None = -1, /) -> bytes:
        assert size is not None
        assert size > 0
        time.sleep(self._pause)
        if self._pause and self.limit:
            raise TimeoutError
        size = min(size, self.left)
        self.left -= size
        return bytes(size)

    def send(self, host: Process, method: str, path: str, headers: dict[str, str] | None = None) -> Result:
        """Send one request with this body."""

        def close() -> None:
            self.cut_off = True

        def limit(seconds: float) -> None:
            self.limit = seconds

        own: dict[str, object] = {
            "wsgi.input": self,
            CLOSE_CONNECTION: close,
            INPUT_TIMEOUT: limit,
            "CONTENT_LENGTH": str(self.size),
        }
        own |= self._framing
        return TestClient(host.app).simulate_request(method, path, headers=headers, extras=own)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PUT", UPLOAD, 404),
        ("PUT", "/v2/UPPER/manifests/x", 400),
        ("PUT", "/v2/a/manifests/x", 413),
        ("PUT", "/v2/_catalog", 405),
        ("POST", "/nothing", 404),
        ("POST", "/v2/a/blobs/uploads/", 202),
        ("GET", "/v2/", 200),
    ],
)
def test_an_unread_body_is_drained(method: str, path: str, status: int) -> None:
    client = Client(40 * MIB)
    assert client.send(Process(memory()), method, path).status_code == status
    assert (client.left, client.cut_off, client.limit) == (0, False, 5.0)


def test_a_body_is_drained_if_the_request_is_rejected_before_routing() -> None:
    guarded = Process(memory(), gate=Gate([People()], Rules([])))
    limited = Process(memory(), limits=Limits(LimitSettings(per_address=parse("1/hour"))))
    limited.request("GET", "/v2/")
    for host, status in ((guarded, 401), (limited, 429)):
        client = Client(4 * MIB)
        assert client.send(host, "PUT", UPLOAD).status_code == status
        assert (client.left, client.cut_off) == (0, False)


def test_at_most_64_mib_are_drained() -> None:
    client = Client(100 * MIB)
    assert client.send(Process(memory()), "PUT", UPLOAD).status_code == 404
    assert (client.size - client.left, client.cut_off) == (64 * MIB, True)


def test_a_slow_client_gets_a_response_and_its_connection_is_closed() -> None:
    client = Client(MIB, pause=0.01)
    assert client.send(Process(memory()), "PUT", UPLOAD).status_code == 404
    assert client.cut_off


def test_the_body_of_a_client_that_waits_for_100_continue_is_not_read() -> None:
    client = Client(MIB)
    answer = client.send(Process(memory()), "PUT", UPLOAD, {"Expect": "100-continue"})
    assert answer.status_code == 404
    assert (client.left, client.cut_off) == (MIB, True)


def test_the_rest_is_drained_if_such_a_client_has_started_to_send() -> None:
    client = Client(10 * MIB, chunked=True)
    answer = client.send(Process(memory()), "PUT", "/v2/a/manifests/x", {"Expect": "100-continue"})
    assert answer.status_code == 413
    assert (client.left, client.cut_off) == (0, False)


def test_the_number_of_bodies_drained_at_the_same_time_is_limited() -> None:
    host, began, go_on = Process(memory()), threading.Semaphore(0), threading.Event()

    class Waiting(Client):
        def read(self, size: int | None = -1, /) -> bytes:
            began.release()
            go_on.wait(10)
            return super().read(size)

    threads = [threading.Thread(target=Waiting(1000).send, args=(host, "PUT", UPLOAD)) for _ in range(64)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert began.acquire(timeout=10)
    one_more = Client(1000)
    assert one_more.send(host, "PUT", UPLOAD).status_code == 404
    assert (one_more.left, one_more.cut_off) == (1000, True)
    go_on.set()
    for thread in threads:
        thread.join()
