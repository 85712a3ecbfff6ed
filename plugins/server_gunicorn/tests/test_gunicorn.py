"""gunicorn does what every server must."""

from __future__ import annotations

from host.tests.server.cases import ServerCases


class TestGunicorn(ServerCases):
    name = "gunicorn"
