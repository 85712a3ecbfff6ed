"""nginx as a webhook endpoint with low overhead, which returns 204 for every request."""

from __future__ import annotations

import os
from pathlib import Path

from entrepot_benchmarks.targets.process import ServerProcess, free_port, require

__all__ = ["Receiver"]


class Receiver:
    """Accepts everything posted to ``url``."""

    def __init__(self, data: Path) -> None:
        program = require("nginx", "nginx-light")
        port = free_port()
        data.mkdir(parents=True)
        config = data / "nginx.conf"
        config.write_text(f"""
            {"user root;" if os.geteuid() == 0 else ""}
            daemon off; worker_processes 1; pid {data}/nginx.pid; error_log {data}/error.log;
            events {{ }}
            http {{
              access_log off; keepalive_requests 1000000;
              client_body_temp_path {data}/body; proxy_temp_path {data}/proxy; fastcgi_temp_path {data}/fastcgi;
              uwsgi_temp_path {data}/uwsgi; scgi_temp_path {data}/scgi;
              server {{ listen 127.0.0.1:{port}; location / {{ return 204; }} }}
            }}""")
        self.url = f"http://127.0.0.1:{port}/events"
        self.process = ServerProcess([program, "-c", str(config), "-p", str(data)], port, data / "server.log")
