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
        **{"port": 0, **options},  # type: ignore[arg-type]  # JSON that the tests themselves wrote
    )
    configure_logging("info", as_json=False, fields={})
    load_server(name)().serve(functools.partial(build, folder), settings)


def tls_settings(folder: Path, options: dict[str, object]) -> TlsSettings | None:
    """TLS where a least version is given, with what lies in the folder: a certificate, its key, perhaps a client CA."""
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
    """Let every new thread begin late, as on a busy machine."""
    run = threading.Thread.run

    def late(thread: threading.Thread) -> None:
        time.sleep(0.3)
        run(thread)

    threading.Thread.run = late  # type: ignore[assignment, method-assign]  # the only place that all threads pass


def build(folder: Path) -> Echo:
    """The application, unless the folder says that it cannot be made."""
    if folder.joinpath("broken").exists():
        raise OSError("the application cannot be built")
    folder.joinpath("built", str(os.getpid())).touch()
    return Echo(folder / "closed")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3]))
