"""Ceph with its RADOS Gateway: a real S3 server with one monitor, one OSD and one gateway, on 127.0.0.1."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Final
from uuid import uuid4

import boto3
from botocore.config import Config
from support.services.network import HOST, accepts, free_port
from support.services.playing import show_until_interrupted
from support.services.process import Service, Startable
from support.services.registry import clean_environment
from support.services.s3 import s3_options

__all__ = ["PROGRAMS", "Ceph"]

PROGRAMS: Final = ("ceph-mon", "ceph-osd", "radosgw")
"""The programs to pass to ``programs.need``."""

CONFIGURATION: Final = """
[global]
fsid = {fsid}
mon_initial_members = a
# With the newer protocol v2 and no authentication the gateway hangs.
mon_host = v1:{host}:{mon_port}
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
public_addr = {host}
cluster_addr = {host}
ms_bind_ipv6 = false
run_dir = {run}
admin_socket =
log_to_file = false
log_to_stderr = true
mon_cluster_log_to_file = false
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 4
osd_pool_default_pgp_num = 4
osd_pool_default_pg_autoscale_mode = off
mon_warn_on_pool_no_redundancy = false
mon_allow_pool_size_one = true
osd_crush_chooseleaf_type = 0
osd_crush_update_on_start = false
osd_class_update_on_start = false
# The first start would wait ten seconds for votes that one monitor can count at once.
paxos_propose_interval = 0.02
paxos_min_wait = 0.01
bdev_aio_poll_ms = 5

[mon.a]
mon_data = {data}/mon

[osd.0]
osd_data = {data}/osd
osd_objectstore = {store}
bluestore_block_path =
bluestore_block_create = true
bluestore_block_size = {size}
bluestore_fsck_on_mkfs = false
bluestore_cache_autotune = false
memstore_device_bytes = {size}

[client.rgw]
rgw_frontends = beast endpoint={host}:{port} tcp_nodelay=1
rgw_enable_apis = s3, admin
rgw_run_sync_thread = false
rgw_thread_pool_size = 128
"""


class Ceph(Startable):
    """An S3 endpoint. It can be stopped, killed and restarted with the same port and data.

    - ``folder`` is the data directory. By default it is a temporary one that ``close`` deletes.
    - ``memory`` keeps the data in memory, so ``stop`` deletes it.
    - ``size`` is its capacity in bytes. The file on disk is sparse and only grows.
    """

    def __init__(self, folder: Path | None = None, *, memory: bool = False, size: int = 20 * 2**30) -> None:
        self.port = free_port()
        self.endpoint = f"http://{HOST}:{self.port}"
        self.region = "default"
        self.access_key = "of-the-tests"
        self.secret_key = "of-the-tests-only"  # noqa: S105 - only used by this temporary server
        self._memory = memory
        self._size = size
        self._own = folder is None
        self._folder = Path(tempfile.mkdtemp(prefix="ceph-")) if folder is None else folder
        self._mon_port = free_port()
        self._uuid = str(uuid4())
        self._made = False
        self._services: list[Service] = []

    @property
    def services(self) -> list[Service]:
        """The current or last processes: the monitor, the OSD and the gateway."""
        return self._services

    def start(self) -> None:
        """Start it and wait until it responds. It is empty at the first start, and at every start with ``memory``."""
        fresh = self._memory or not self._made
        if fresh:
            self._prepare()
        mon = self._run("ceph-mon", "-i", "a")
        mon.wait_ready(lambda: accepts(self._mon_port))
        if fresh:
            self._ask("ceph", "osd", "new", self._uuid, "0")
            self._ask("ceph", "osd", "crush", "create-or-move", "osd.0", "1.0", "root=default")
            self._call("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", self._uuid)
        self._run("ceph-osd", "-i", "0")
        self._run("radosgw", "-n", "client.rgw").wait_ready(lambda: accepts(self.port))
        if fresh:
            self.user("tests", self.access_key, self.secret_key)
            self._made = True

    def user(self, name: str, access_key: str, secret_key: str) -> None:
        """Create another S3 user, without access to buckets of others."""
        keys = (f"--access-key={access_key}", f"--secret-key={secret_key}")
        self._call(
            "radosgw-admin", "user", "create", "--no-mon-config", f"--uid={name}", f"--display-name={name}", *keys
        )

    def quota(self, name: str, size: int) -> None:
        """Limit the storage of a user to ``size`` bytes."""
        quota = ("--no-mon-config", "--quota-scope=user", f"--uid={name}")
        self._call("radosgw-admin", "quota", "set", *quota, f"--max-size={size}")
        self._call("radosgw-admin", "quota", "enable", *quota)

    def bucket(self, name: str, *, access_key: str = "", secret_key: str = "") -> str:
        """Create a bucket and return its name. It belongs to the first user, or to the one with these keys."""
        client = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=self.region,
            aws_access_key_id=access_key or self.access_key,
            aws_secret_access_key=secret_key or self.secret_key,
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 3}),
        )
        try:
            client.create_bucket(Bucket=name)
        finally:
            client.close()
        return name

    def stop(self) -> None:
        """Stop the gateway, the OSD and the monitor with SIGTERM. Data on disk is kept."""
        for service in reversed(self._services):
            service.stop()

    def kill(self) -> None:
        """Kill -9 all processes at once, as a power failure would."""
        for service in reversed(self._services):
            service.kill()

    def close(self) -> None:
        """Kill it, and delete its data if the directory is temporary."""
        self.kill()
        if self._own:
            shutil.rmtree(self._folder)

    def _prepare(self) -> None:
        """Create an empty directory, the configuration and the monitor's map."""
        data = self._folder / "data"
        shutil.rmtree(data, ignore_errors=True)
        for name in ("mon", "osd", "r"):
            (data / name).mkdir(parents=True)
        fsid = str(uuid4())
        self._configuration.write_text(
            CONFIGURATION.format(
                fsid=fsid,
                host=HOST,
                mon_port=self._mon_port,
                port=self.port,
                data=data,
                run=data / "r",
                store="memstore" if self._memory else "bluestore",
                size=self._size,
            )
        )
        monitors = str(data / "monmap")
        address = f"[v1:{HOST}:{self._mon_port}]"
        self._call("monmaptool", "--create", "--clobber", "--fsid", fsid, "--addv", "a", address, monitors)
        self._call("ceph-mon", "--mkfs", "-i", "a", "--monmap", monitors)

    @property
    def _configuration(self) -> Path:
        return self._folder / "ceph.conf"

    @property
    def _environment(self) -> dict[str, str]:
        return clean_environment(self._folder) | {"CEPH_CONF": str(self._configuration)}

    def _run(self, *command: str) -> Service:
        log = self._folder / f"{command[0]}.log"
        service = Service(command[0], (*command, "-f"), log=log, env=self._environment, cwd=self._folder)
        self._services = [*(one for one in self._services if one.running), service]
        return service

    def _ask(self, *command: str) -> None:
        """Send a command to the monitor. It returns EPERM during its election, so the command is repeated."""
        for _ in range(20):
            try:
                self._call(*command)
            except RuntimeError as error:
                if "EPERM" not in str(error):
                    raise
                time.sleep(0.5)
            else:
                return
        self._call(*command)

    def _call(self, *command: str) -> str:
        done = subprocess.run(
            command, env=self._environment, cwd=self._folder, capture_output=True, text=True, timeout=60, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command[:4])} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout


def main() -> None:
    """Serve until Ctrl-C, and print a configuration."""
    with Ceph() as ceph:
        show_until_interrupted("Ceph's RADOS Gateway serves S3", "s3", s3_options(ceph, bucket="registry"))


if __name__ == "__main__":
    main()
