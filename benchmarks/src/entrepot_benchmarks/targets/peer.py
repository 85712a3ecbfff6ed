"""Another registry, by its URL."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.load.wire import Connection, Origin
from entrepot_benchmarks.results.model import TargetInfo
from entrepot_benchmarks.targets.base import RegistryTarget
from entrepot_benchmarks.targets.family import Family, listener

__all__ = ["PeerRegistry"]


class PeerRegistry(RegistryTarget):
    """A registry that runs already; ``url`` may hold a user and a password, and a name may stand before it: NAME=URL.

    What was pushed is deleted by its API, as far as that is allowed. Raises BenchmarkError where it does not answer
    as a registry does.
    """

    def __init__(self, url: str) -> None:
        name, _, address = url.partition("=") if "=" in url.partition("://")[0] else ("", "", url)
        parts = urlsplit(address)
        if parts.path not in ("", "/"):
            raise BenchmarkError(f"the peer {parts.hostname}: give its URL without a path, such as http://HOST:PORT")
        plain = Origin.of(address)
        headers = {}
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        origin = Origin(plain.host, plain.port, plain.tls, headers)
        self._left = 0
        self._refused: set[str] = set()
        with Connection(origin) as connection:
            answer = connection.ask("GET", "/v2/")
        if answer.status != 200:
            raise BenchmarkError(
                f"the peer {origin.authority} answered {answer.status} for /v2/; it needs 200"
                " (a user and a password go into the URL; tokens are not supported)"
            )
        product = answer.headers.get("server", "").partition("/")[0] or "a registry"
        info = TargetInfo(name or origin.authority, "peer", detail=f"{product} at {origin.authority}")
        pid = listener(origin.host, origin.port)
        super().__init__(info, origin, Family(lambda: pid))

    def forget(self, repositories: Sequence[str], digests: Sequence[str]) -> None:
        """Delete by the API what was pushed into a repository; a registry that refuses is asked no more."""
        with self.connect() as connection:
            for repository in repositories:
                for digest in digests:
                    self._delete(connection, repository, digest)

    def remains(self) -> Sequence[str]:
        """What the registry would not delete."""
        if not self._left:
            return ()
        why = ", ".join(sorted(self._refused))
        return [f"{self.info.name} keeps {self._left} blobs and manifests of this run: it answered {why} to DELETE"]

    def close(self) -> None:
        """It was running before, and goes on."""

    def _delete(self, connection: Connection, repository: str, digest: str) -> None:
        if self._refused:
            self._left += 1
            return
        answer = connection.ask("DELETE", f"/v2/{repository}/manifests/{digest}")
        if answer.status == 404:
            answer = connection.ask("DELETE", f"/v2/{repository}/blobs/{digest}")
        if answer.status not in (200, 202, 204, 404):
            self._refused.add(str(answer.status))
            self._left += 1
