"""An OpenSSH server on 127.0.0.1, with its own configuration, host key and user key."""

from __future__ import annotations

import getpass
import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from support.services.network import HOST, accepts, free_port
from support.services.process import Service
from support.services.programs import find
from support.services.registry import clean_environment

__all__ = ["Sftp"]

CONFIG = """
Port {port}
ListenAddress {host}
HostKey {folder}/host_key
PidFile {folder}/pid
AuthorizedKeysFile {folder}/authorized_keys
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
PermitRootLogin prohibit-password
MaxStartups 100:30:200
Subsystem sftp internal-sftp
"""


class Sftp:
    """One server; it can be killed and started again on the same port and data."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.folder = folder
        self.key = folder / "user_key"
        for name in ("host_key", "user_key"):
            command = [find("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
            subprocess.run(command, check=True)
        (folder / "authorized_keys").write_bytes((folder / "user_key.pub").read_bytes())
        (folder / "sshd_config").write_text(CONFIG.format(port=self.port, host=HOST, folder=folder))
        self._service: Service | None = None

    def start(self) -> None:
        """Start the server, and wait until it accepts connections."""
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)  # the chroot of sshd before a login
        command = (find("sshd"), "-D", "-e", "-f", str(self.folder / "sshd_config"))
        self._service = Service(
            "sshd", command, log=self.folder / "log", env=clean_environment(self.folder), cwd=self.folder
        )
        self._service.wait_ready(lambda: accepts(self.port))

    def kill(self) -> None:
        """Kill the server and its session processes with SIGKILL."""
        if self._service is not None and self._service.running:
            self.kill_sessions()
            self._service.kill()

    def kill_sessions(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to the session processes, but not to the server."""
        assert self._service is not None
        for pid in _descendants(self._service.pid):
            with suppress(ProcessLookupError):  # it ended with its parent
                os.kill(pid, number)

    def config(self, **options: object) -> dict[str, object]:
        """Return the driver's options for a new directory on the server."""
        login: dict[str, object] = {"host": HOST, "port": self.port, "username": getpass.getuser()}
        login |= {"key_filename": str(self.key), "look_for_keys": False, "allow_agent": False, **options}
        return {"protocol": "sftp", "rootdirectory": f"{self.folder}/{uuid4().hex}/root", "storage_options": login}


def _descendants(pid: int) -> list[int]:
    children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [*children, *(below for child in children for below in _descendants(child))]
