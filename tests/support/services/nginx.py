"""nginx in front of several registries, configured by ``deploy/nginx.conf``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from support.services.haproxy import with_hosts
from support.services.registry import Registry

__all__ = ["EXAMPLE", "nginx"]

EXAMPLE: Final = Path(__file__).parents[3] / "deploy" / "nginx.conf"

# Equivalent to the part of Debian's nginx.conf around conf.d.
FRAME: Final = """
daemon off;
user {user};
pid {folder}/pid;
error_log {folder}/errors warn;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/conf.d/*.conf;
}}
"""


def nginx(hosts: Sequence[Registry], folder: Path) -> Registry:
    """Return nginx with the example configuration for these hosts, on a free port, not started."""
    config = folder / "nginx.conf"
    command = ("nginx", "-c", str(config), "-e", str(folder / "errors"))
    balancer = Registry("nginx", command, folder=folder)
    config.write_text(FRAME.format(folder=folder, user=Path.home().owner()))
    (folder / "conf.d").mkdir()
    text = with_hosts(EXAMPLE.read_text(), [host.address for host in hosts])
    (folder / "conf.d" / "entrepot.conf").write_text(text.replace("listen 5000;", f"listen {balancer.address};"))
    return balancer
