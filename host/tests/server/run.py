"""Serve the echo application with one server: ``python -m host.tests.server.run NAME FOLDER SETTINGS``."""

from __future__ import annotations

import functools
import json
import os
import sys
import threading
import time
from pathlib import Path

from host.tests.server.echo import Echo

from entrepot.logs import configure_logging
from entrepot.plugins import load_server
from entrepot_contract.server import ServerSettings, TlsSettings


def main(name: str, folder: Path, options: dict[str, object]) -> None:
    """Serve on a free port, which is written to the file ``address`` in the folder."""

    def ready(host: str, port: int) -> None:
        folder.joinpath("new").write_text(str(port))
        folder.joinpath("new").rename(folder / "address")

    if options.pop("late_threads", False):
        delay_threads()
    tls = tls_settings(folder, options)
    if options.pop("broken", False):
        folder.joinpath("broken").touch()
    settings = ServerSettings(
        host="127.0.0.1",
        on_ready=ready,
        tls=tls,
        **{"port": 0, **options},  # type: ignore[arg-type]  # JSON written by the tests
    )
    configure_logging("info", as_json=False, fields={})
    load_server(name).from_config({}).serve(functools.partial(build, folder), settings)


def tls_settings(folder: Path, options: dict[str, object]) -> TlsSettings | None:
    """Returns TLS settings if a minimum version is given, with the files in the folder: certificate, key, client CA."""
    least, required = options.pop("tls", None), options.pop("client_required", True)
    authority = folder / "client-ca.pem"
    if not least:
        return None
    return TlsSettings(
        str(folder / "cert.pem"),
        str(folder / "key.pem"),
        str(least),
        client_cas=(str(authority),) if authority.exists() else (),
        client_required=bool(required),
    )


def delay_threads() -> None:
    """Delay the start of every new thread, as on a busy machine."""
    run = threading.Thread.run

    def late(thread: threading.Thread) -> None:
        time.sleep(0.3)
        run(thread)

    threading.Thread.run = late  # type: ignore[assignment, method-assign]  # called by all threads


def build(folder: Path) -> Echo:
    """Returns the application, or raises if a file in the folder requests it."""
    if folder.joinpath("broken").exists():
        raise OSError("the application cannot be built")
    folder.joinpath("built", str(os.getpid())).touch()
    return Echo(folder / "closed")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3]))
