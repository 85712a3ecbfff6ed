"""Memory use with S3 does not depend on the size of blobs, and only little on the number of clients."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml
from support.large import LargeBlobs
from support.memory import sampled_peak
from support.services import ceph
from support.services.ceph import Ceph
from support.services.entrepot import entrepot
from support.services.programs import need
from support.services.s3 import s3_options

MB = 10**6


@pytest.mark.slow
def test_8_concurrent_pushes_of_large_blobs_to_s3_need_at_most_400_mb(
    request: pytest.FixtureRequest, folder: Path, thorough: bool
) -> None:
    need(request, *ceph.PROGRAMS)
    blobs = LargeBlobs(512 if thorough else 128)
    with Ceph(folder / "ceph") as server:
        file = folder / "config.yml"
        http = {"addr": "127.0.0.1:0", "secret": "of-the-tests-only", "draintimeout": "10s"}
        file.write_text(yaml.safe_dump({"version": "0.1", "storage": {"s3": s3_options(server)}, "http": http}))
        host = entrepot(file, folder / "host", server="granian")
        host.start()
        try:
            with sampled_peak(host.service.pids) as peak, ThreadPoolExecutor(8) as clients:
                pushes = [clients.submit(blobs.push, host.wire, f"large/{number}", number) for number in range(8)]
                answers = [push.result() for push in pushes]
        finally:
            host.stop()

    assert [answer.status for answer in answers] == [201] * 8
    assert peak.samples > 10
    assert peak.bytes <= 400 * MB, f"{peak.bytes / MB:.0f} MB"
