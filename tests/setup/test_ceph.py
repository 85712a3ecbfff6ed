"""Ceph, as started by the tests."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
import yaml
from support.services import ceph
from support.services.ceph import Ceph
from support.services.network import accepts
from support.services.programs import need

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

TESTS = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _programs(request: pytest.FixtureRequest) -> None:
    need(request, *ceph.PROGRAMS)


def client(endpoint: str, access_key: str, secret_key: str) -> S3Client:
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="default",
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
    )


def test_stored_objects_survive_a_kill_of_ceph() -> None:
    with Ceph() as server, closing(client(server.endpoint, server.access_key, server.secret_key)) as s3:
        s3.put_object(Bucket=server.bucket("one"), Key="key", Body=b"content")
        server.kill()
        assert not accepts(server.port)
        server.start()
        with s3.get_object(Bucket="one", Key="key")["Body"] as body:
            assert body.read() == b"content"
        pids = [service.pid for service in server.services]
    assert not accepts(server.port)
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def test_the_command_prints_a_configuration_and_exits_with_ctrl_c() -> None:
    running = subprocess.Popen(
        (sys.executable, "-m", "support.services.ceph"),
        env=os.environ | {"PYTHONPATH": str(TESTS)},
        stdout=subprocess.PIPE,
        text=True,
    )
    with running:
        assert running.stdout is not None
        try:
            lines = [running.stdout.readline() for _ in range(9)]
            options = yaml.safe_load("".join(lines[1:]))["storage"]["s3"]
            with closing(client(options["regionendpoint"], options["accesskey"], options["secretkey"])) as s3:
                s3.put_object(Bucket=options["bucket"], Key="key", Body=b"content")
            running.send_signal(signal.SIGINT)
            assert running.wait(20) == 0
        finally:
            running.kill()
    assert not accepts(int(options["regionendpoint"].rpartition(":")[2]))
