"""Serve the echo application with one server: ``python -m host.tests.server.run NAME FOLDER SETTINGS``."""

from __future__ import annotations

import functools
import json
import sys
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

    tls = options.pop("tls", None)
    factory = broken if options.pop("broken", False) else functools.partial(Echo, folder / "closed")
    settings = ServerSettings(
        host="127.0.0.1",
        on_ready=ready,
        tls=TlsSettings(str(folder / "cert.pem"), str(folder / "key.pem"), str(tls)) if tls else None,
        **{"port": 0, **options},  # type: ignore[arg-type]  # JSON that the tests themselves wrote
    )
    configure_logging("info", as_json=False, fields={})
    load_server(name)().serve(factory, settings)


def broken() -> Echo:
    """An application that cannot be made."""
    raise OSError("the application cannot be built")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3]))
