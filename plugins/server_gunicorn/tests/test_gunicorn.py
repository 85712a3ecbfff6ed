"""Server tests with gunicorn, and tests that its environment variables are ignored."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from entrepot_contract.testing import ServerContract
from entrepot_contract.testing.server.messages import CLOSE, parse_answers, request
from entrepot_contract.testing.server.running import Running, eventually
from entrepot_server_gunicorn import GunicornServer


class TestGunicorn(ServerContract):
    server_class = GunicornServer


def test_no_response_has_a_server_header(tmp_path: Path) -> None:
    with Running(GunicornServer, tmp_path / "run") as server:
        for target in ("/nothing", "/raise", "/stream?1"):
            assert "Server" not in server.get(target).headers
        refused = server.talk(b"NONSENSE\r\n\r\n")[0]
        assert (refused.status, refused.headers.get("Server"), refused.body) == (400, None, b"")


def test_request_data_is_not_logged(tmp_path: Path) -> None:
    with Running(GunicornServer, tmp_path / "run") as server:
        server.talk(request("GET", "/", b"Authorization : Basic c3dvcmRmaXNo") + CLOSE)
        server.talk(request("GET", "/", b"Authorization: Basic c3dvcmRmaXNo\x00") + CLOSE)
        server.talk(request("GET", "/nothing", b"Authorization: Basic c3dvcmRmaXNo") + CLOSE)
        assert "c3dvcmRmaXNo" not in server.log()
        assert "nothing" not in server.log()


def test_a_connection_is_kept_alive(tmp_path: Path) -> None:
    with Running(GunicornServer, tmp_path / "run", workers=1) as server, server.connect() as connection:
        for _ in range(3):
            connection.sendall(request("GET", "/nothing") + b"\r\n")
            answer = parse_answers(connection.recv(10_000), ["GET"])[0]
            assert (answer.status, answer.headers["Connection"]) == (204, "keep-alive")
            time.sleep(0.3)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GUNICORN_CMD_ARGS", "--bind 127.0.0.1:1 --workers 3"),
        ("WEB_CONCURRENCY", "3"),
        ("PORT", "1"),
        ("FORWARDED_ALLOW_IPS", "*"),
        ("SCRIPT_NAME", "/elsewhere"),
        ("GUNICORN_PID", "1"),
        ("SENDFILE", "1"),
    ],
)
def test_environment_variables_are_ignored(
    name: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with Running(GunicornServer, tmp_path / "run", workers=1) as server:
        answer = server.talk(request("GET", "/echo/x", b"X-Forwarded-Proto: https") + CLOSE)[0]
        assert answer.environ()["PATH_INFO"] == "/echo/x"
        assert answer.environ()["SCRIPT_NAME"] == ""
        assert len(server.workers()) == 1


def test_path_headers_do_not_change_the_path(tmp_path: Path) -> None:
    with Running(GunicornServer, tmp_path / "run", workers=1) as server:
        seen = server.talk(request("GET", "/echo", b"Script_Name: /echo", b"Path_Info: /x") + CLOSE)[0].environ()
        assert (seen["SCRIPT_NAME"], seen["PATH_INFO"]) == ("", "/echo")


def test_workers_exit_if_the_parent_is_killed(tmp_path: Path) -> None:
    with Running(GunicornServer, tmp_path / "run", workers=2) as server:
        assert eventually(lambda: len(server.workers()) == 2)
        server.get("/nothing")
        server.process.kill()
        assert eventually(lambda: server.closed() == 2)
        with pytest.raises(ConnectionRefusedError):
            server.connect().close()


def test_clients_that_do_not_close_block_no_others(tmp_path: Path) -> None:
    with Running(GunicornServer, tmp_path / "run", workers=1) as server:
        lingering = [server.connect() for _ in range(20)]
        for connection in lingering:
            connection.sendall(request("GET", "/nothing") + CLOSE)
        began = time.monotonic()
        assert server.get("/nothing").status == 204
        assert time.monotonic() - began < 3
        for connection in lingering:
            connection.close()


def test_threads_are_started_on_demand(tmp_path: Path) -> None:
    with Running(GunicornServer, tmp_path / "run", workers=1) as server:
        server.get("/nothing")
        assert len(list(Path(f"/proc/{server.workers()[0]}/task").iterdir())) < 16
