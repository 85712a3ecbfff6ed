"""Serve the echo application with one server: ``python -m entrepot_contract.testing.server.run FOLDER ORDER``."""

from __future__ import annotations

import functools
import json
import logging
import os
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from entrepot_contract.server import ServerDriver, ServerSettings, TlsSettings
from entrepot_contract.testing.fork_server import Place
from entrepot_contract.testing.server.echo import Echo
from entrepot_contract.testing.worker import find

__all__ = ["main"]


def main(folder: Path, place: Sequence[str], config: Mapping[str, object], settings: dict[str, Any]) -> None:
    """Serve on a free port, which is written to the file ``address`` in the folder; see Running."""

    def ready(host: str, port: int) -> None:
        with folder.joinpath("ready").open("a") as file:
            file.write(f"{os.getpid()} {host} {port}\n")
        folder.joinpath("new").write_text(f"{host} {port}")
        folder.joinpath("new").rename(folder / "address")

    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    if settings.pop("late_threads", False):
        delay_threads()
    if tls := settings.pop("tls", None):
        settings["tls"] = TlsSettings(**{**tls, "client_cas": tuple(tls.get("client_cas", ()))})
    if settings.pop("broken", False):
        folder.joinpath("broken").touch()
    server_class = find(Place.from_words(*place))
    assert issubclass(server_class, ServerDriver)
    server = server_class.from_config(config)
    chosen = ServerSettings(**{"host": "127.0.0.1", "port": 0, "on_ready": ready, **settings})
    server.serve(functools.partial(build, folder), chosen)


def delay_threads() -> None:
    """Delay the start of every new thread, as on a busy machine."""
    run = threading.Thread.run

    def late(thread: threading.Thread) -> None:
        time.sleep(0.3)
        run(thread)

    threading.Thread.run = late  # type: ignore[assignment, method-assign]  # called by all threads


def build(folder: Path) -> Echo:
    """Return the application, or raise OSError if a file in the folder requests it."""
    if folder.joinpath("broken").exists():
        raise OSError("the application cannot be built")
    folder.joinpath("built", str(os.getpid())).touch(exist_ok=False)
    return Echo(folder / "closed")


if __name__ == "__main__":
    main(Path(sys.argv[1]), **json.loads(sys.argv[2]))
