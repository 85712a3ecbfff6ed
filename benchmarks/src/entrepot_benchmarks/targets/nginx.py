"""nginx, which serves one file with sendfile: the limit for pulls."""

from __future__ import annotations

import os
from pathlib import Path

from entrepot_benchmarks.load.wire import Connection
from entrepot_benchmarks.targets.process import ServerProcess, free_port, require

__all__ = ["Nginx"]


class Nginx:
    """Serves the files of ``data/files``, with its access log on as the registries have theirs."""

    name = "nginx"

    def __init__(self, data: Path) -> None:
        program = require("nginx", "nginx-light")
        self.port = free_port()
        self.files = data / "files"
        self.files.mkdir(parents=True)
        config = data / "nginx.conf"
        config.write_text(f"""
            {"user root;" if os.geteuid() == 0 else ""}
            daemon off; worker_processes auto; pid {data}/nginx.pid; error_log {data}/error.log;
            events {{ }}
            http {{
              access_log {data}/access.log; sendfile on; tcp_nopush on;
              client_body_temp_path {data}/body; proxy_temp_path {data}/proxy; fastcgi_temp_path {data}/fastcgi;
              uwsgi_temp_path {data}/uwsgi; scgi_temp_path {data}/scgi;
              server {{ listen 127.0.0.1:{self.port}; root {self.files}; }}
            }}""")
        self.process = ServerProcess([program, "-c", str(config), "-p", str(data)], self.port, data / "server.log")

    def connect(self) -> Connection:
        """A new connection."""
        return Connection(self.port)
