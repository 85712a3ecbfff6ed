"""A child process of the kit: reads commands as lines of JSON, and writes one line of JSON for each."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import itertools
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from entrepot_contract import AlreadyExists, NotFound, StorageDriver, StorageError, UploadState, WriteMode
from entrepot_contract.events import Event
from entrepot_contract.notify import NotificationSink, SinkError

if TYPE_CHECKING:
    from entrepot_contract.testing.base import Plugin

__all__ = ["main"]

TOUCHING: Final = ("os.mkdir", "os.rename", "os.remove", "os.link", "os.symlink", "subprocess.Popen", "os.fork")


class Worker:
    """The driver of this process, and the commands that it can run."""

    driver: StorageDriver

    def find(self, module: str, file: str | None, name: str) -> type[Plugin]:
        """Return the plugin's class, imported by name or loaded from its file."""
        try:
            found = importlib.import_module(module)
        except ImportError:
            if file is None:
                raise
            spec = importlib.util.spec_from_file_location(module, file)
            if spec is None or spec.loader is None:
                raise
            found = sys.modules[module] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(found)
        kind: Any = found
        for step in name.split("."):
            kind = getattr(kind, step)
        plugin_class: type[Plugin] = kind
        return plugin_class

    def construct(self, kind: type[Plugin], config: Mapping[str, object]) -> list[str]:
        """Return the files, sockets and threads that a construction accesses or starts; it should be none."""
        touched: list[str] = []
        active = True

        def watch(event: str, arguments: tuple[object, ...]) -> None:
            if active and (event.startswith(("socket.", "sqlite3.")) or event in TOUCHING):
                touched.append(event)
            elif active and event == "open" and _writes(arguments):
                touched.append("open for writing")

        threads = threading.active_count()
        sys.addaudithook(watch)
        kind.from_config(config)
        active = False
        return touched + ["thread"] * (threading.active_count() - threads)

    def open(self, kind: type[StorageDriver], config: Mapping[str, object]) -> dict[str, bool]:
        """Open a driver for all later commands."""
        self.driver = kind.from_config(config)
        return {"opened": True}

    def deliver(
        self, kind: type[NotificationSink], config: Mapping[str, object], count: int, seconds: float
    ) -> list[str]:
        """Deliver some events in one call, and return their ids."""
        events = [Event("push", "kit/app", tag=f"v{number}") for number in range(count)]
        kind.from_config(config).deliver(events, timedelta(seconds=seconds))
        return [event.id for event in events]

    def create(self, keys: list[str], text: str, at: float) -> list[str]:
        """Try to create the keys, and return those that this process created."""
        _wait(at)
        won = []
        for key in keys:
            try:
                self.driver.put(key, text.encode() * 1000, mode=WriteMode.CREATE)
            except AlreadyExists:
                continue
            won.append(key)
        return won

    def append(self, state: dict[str, Any], text: str, times: int, stall: bool, at: float) -> dict[str, object]:
        """Append ``times`` chunks; with ``stall``, report it after the last one and block."""
        _wait(at)
        new = self.driver.upload_append(UploadState(**state), _pieces(text, times, stall))
        return {"key": new.key, "size": new.size, "token": new.token}

    def commit(self, state: dict[str, Any], target: str, at: float) -> int:
        """Commit, and return the size."""
        _wait(at)
        return self.driver.upload_commit(UploadState(**state), target=target).size

    def watch(self, key: str, until: str) -> list[str]:
        """Return the digests of all contents that were read from ``key`` until ``until`` exists."""
        seen: set[str] = set()
        self.driver.put(f"{until}/ready/{os.getpid()}", b"")
        while not self._exists(f"{until}/done"):
            try:
                with self.driver.read(key) as reader:
                    digest = hashlib.sha256()
                    for chunk in reader:
                        digest.update(chunk)
            except NotFound:
                seen.add("absent")
            else:
                seen.add(digest.hexdigest())
        return sorted(seen)

    def churn(self, folder: str, sizes: dict[str, int]) -> None:
        """Write, upload and move objects that consist of one letter each, forever."""
        _write({"churning": True})
        for letter, size in itertools.cycle(sizes.items()):
            data = letter.encode() * size
            self.driver.put(f"{folder}/put", data)
            state = self.driver.upload_append(self.driver.upload_start(f"{folder}/upload"), [data])
            self.driver.upload_commit(state, target=f"{folder}/commit")
            self.driver.move(f"{folder}/moving", f"{folder}/moved")
            self.driver.move(f"{folder}/moved", f"{folder}/moving")

    def _exists(self, key: str) -> bool:
        try:
            self.driver.stat(key)
        except NotFound:
            return False
        return True


def _pieces(text: str, times: int, stall: bool) -> Iterator[bytes]:
    for _ in range(times):
        yield text.encode() * 1000
    if stall:
        _write({"stalled": True})
        time.sleep(600)


def _writes(arguments: tuple[object, ...]) -> bool:
    path, _, flags = arguments
    if "__pycache__" in str(path):
        return False  # an import, which may happen at any time
    return bool(isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def _wait(at: float) -> None:
    while time.time() < at:
        time.sleep(0)


def _write(answer: object) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Run commands until the input ends."""
    worker = Worker()
    while line := sys.stdin.readline():
        command = json.loads(line)
        place = {name: command.pop(name) for name in ("module", "file", "name")}
        action: Callable[..., object] = getattr(worker, command.pop("action"))
        if "config" in command:
            command["kind"] = worker.find(**place)
        try:
            answer = action(**command)
        except (StorageError, SinkError) as error:
            answer = {"error": type(error).__name__}
        _write(answer)


if __name__ == "__main__":
    main()
