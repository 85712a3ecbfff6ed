"""A child process of the kit: reads commands as lines of JSON, and writes one line of JSON for each.

The command imports the plugin once, and forks a process for each connection; see ``fork_server``.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import itertools
import json
import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NoReturn, TextIO

from entrepot_contract import AlreadyExists, NotFound, ObjectInfo, StorageDriver, StorageError, UploadState, WriteMode
from entrepot_contract.events import Event
from entrepot_contract.notify import NotificationSink, SinkError
from entrepot_contract.testing.fork_server import Place
from entrepot_contract.testing.writing import Change, change, version, write

if TYPE_CHECKING:
    from entrepot_contract.testing.base import Plugin

__all__ = ["main"]

TOUCHING: Final = ("os.mkdir", "os.rename", "os.remove", "os.link", "os.symlink", "subprocess.Popen", "os.fork")


class Worker:
    """The driver of this process, and the commands that it can run."""

    driver: StorageDriver

    def __init__(self, results: TextIO) -> None:
        self.results = results

    def write(self, result: object) -> None:
        """Write the result of a command, or of a part of it."""
        self.results.write(json.dumps(result) + "\n")
        self.results.flush()

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

    def describe(self, kind: type[StorageDriver], config: Mapping[str, object], zone: str, key: str) -> dict[str, str]:
        """Write an object in another time zone, and return its time as each verb reports it."""
        os.environ["TZ"] = zone
        time.tzset()
        driver = kind.from_config(config)
        state = driver.upload_append(driver.upload_start(f"{key}/commit"), [b"content"])
        infos = {
            "put": driver.put(f"{key}/put", b"content"),
            "upload_commit": driver.upload_commit(state),
            "stat": driver.stat(f"{key}/put"),
            "list_objects": next(item for item in driver.list_objects(f"{key}/") if isinstance(item, ObjectInfo)),
            "move": driver.move(f"{key}/put", f"{key}/move"),
        }
        with driver.read(f"{key}/commit") as reader:
            infos["read"] = reader.info
        driver.close()
        return {verb: info.modified.isoformat() for verb, info in infos.items()}

    def deliver(
        self, kind: type[NotificationSink], config: Mapping[str, object], count: int, seconds: float
    ) -> list[str]:
        """Deliver some events in one call, and return their ids."""
        events = [Event("push", "kit/app", tag=f"v{number}") for number in range(count)]
        kind.from_config(config).deliver(events, timedelta(seconds=seconds))
        return [event.id for event in events]

    def create(self, keys: list[str], text: str, at: float, times: int = 1000) -> list[str]:
        """Try to create the keys, and return those that this process created."""
        _wait(at)
        won = []
        for key in keys:
            try:
                self.driver.put(key, text.encode() * times, mode=WriteMode.CREATE)
            except AlreadyExists:
                continue
            won.append(key)
        return won

    def put_not_durable(self, key: str, text: str) -> int:
        """Write an object without durability, and return its size."""
        return self.driver.put(key, text.encode(), durable=False).size

    def append(self, state: dict[str, Any], text: str, times: int, stall: bool, at: float) -> dict[str, object]:
        """Append ``times`` chunks; with ``stall``, report it after the last one and block."""
        _wait(at)
        new = self.driver.upload_append(UploadState(**state), self._pieces(text, times, stall))
        return {"key": new.key, "size": new.size, "token": new.token}

    def commit(self, state: dict[str, Any], target: str, at: float) -> int:
        """Commit, and return the size."""
        _wait(at)
        return self.driver.upload_commit(UploadState(**state), target=target).size

    def overwrite(self, key: str, verb: str, name: str, turns: int, size: int, at: float) -> str:
        """Write numbered versions of one object, and report the number of each when its write has returned."""
        _wait(at)
        for turn in range(1, turns + 1):
            write(self.driver, verb, key, version(name, turn, size))
            self.write(turn)
        return "ended"

    def change(self, changes: list[Change]) -> None:
        """Make some changes one after the other."""
        change(self.driver, changes)

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
        self.write({"churning": True})
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

    def _pieces(self, text: str, times: int, stall: bool) -> Iterator[bytes]:
        for _ in range(times):
            yield text.encode() * 1000
        if stall:
            self.write({"stalled": True})
            time.sleep(600)


def _writes(arguments: tuple[object, ...]) -> bool:
    path, _, flags = arguments
    if "__pycache__" in str(path):
        return False  # an import, which may happen at any time
    return bool(isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def _wait(at: float) -> None:
    while time.time() < at:
        time.sleep(0)


def find(place: Place) -> type[Plugin]:
    """Return the class of a plugin, imported by name or loaded from its file."""
    try:
        found = importlib.import_module(place.module)
    except ImportError:
        if place.file is None:
            raise
        spec = importlib.util.spec_from_file_location(place.module, place.file)
        if spec is None or spec.loader is None:
            raise
        found = sys.modules[place.module] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(found)
    kind: Any = found
    for step in place.name.split("."):
        kind = getattr(kind, step)
    plugin_class: type[Plugin] = kind
    return plugin_class


def run(connection: socket.socket) -> None:
    """Run the commands of a connection until it ends."""
    with connection.makefile("r") as commands, connection.makefile("w") as results:
        settings = json.loads(commands.readline())
        os.environ.clear()
        os.environ.update(settings["environ"])
        os.chdir(settings["directory"])
        worker, place = Worker(results), Place.from_words(*settings["place"])
        for line in commands:
            command = json.loads(line)
            action: Callable[..., object] = getattr(worker, command.pop("action"))
            if "config" in command:
                command["kind"] = find(place)
            try:
                result = action(**command)
            except (StorageError, SinkError) as error:
                result = {"error": type(error).__name__, "trace": traceback.format_exc()}
            except Exception as error:
                worker.write({"raised": type(error).__name__, "trace": traceback.format_exc()})
                raise
            worker.write(result)


def run_in_child(connection: socket.socket) -> NoReturn:
    """Run the commands of a connection in a process that was just forked, and exit."""
    status = 1
    try:
        run(connection)
        status = 0
    except BaseException:  # noqa: BLE001 - nothing may return into the code of the process that forked
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(status)


def main() -> None:
    """Import a plugin, and fork and kill child processes until the control socket is closed."""
    control = socket.socket(fileno=int(sys.argv[1]))
    with suppress(Exception, SystemExit):  # the child processes raise it again
        find(Place.from_words(*sys.argv[2:]))
    while True:
        order, passed, _, _ = socket.recv_fds(control, 64, 1)
        if not order:
            return
        if passed:
            child = os.fork()
            if child == 0:
                control.close()
                run_in_child(socket.socket(fileno=passed[0]))
            os.close(passed[0])
        else:
            child = int(order)
            os.kill(child, signal.SIGKILL)  # it may have exited, but its id is not free before the next line
            os.waitpid(child, 0)
        control.send(b"%d" % child)


if __name__ == "__main__":
    main()
