"""Another registry, given by URL."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.load.wire import Connection, Origin
from entrepot_benchmarks.results.model import TargetInfo
from entrepot_benchmarks.targets.base import RegistryTarget
from entrepot_benchmarks.targets.family import Family, listener

__all__ = ["PeerAddress", "PeerRegistry"]

FIRST_REQUEST_SECONDS = 15
PLAIN = re.compile(r"[^:/@=\[\]]*")


@dataclass(frozen=True, slots=True)
class PeerAddress:
    """The address of a peer, and its name in the results: the given name, or host and port."""

    name: str
    origin: Origin

    @classmethod
    def of(cls, text: str) -> PeerAddress:
        """Parse ``[NAME=]URL``; the URL may contain a user and a password, which are not in any message.

        Raises BenchmarkError if it is not an HTTP URL without a path.
        """
        name, _, url = text.partition("=") if "=" in text.partition("://")[0] else ("", "", text)
        if not PLAIN.fullmatch(name):
            raise BenchmarkError(
                "expected a peer as URL or NAME=URL; the name cannot contain the characters : / @ = [ ]"
            )
        try:
            plain = Origin.of(url)
        except BenchmarkError as error:
            raise BenchmarkError(f"peer {name or 'with an invalid URL'}: {error}") from None
        parts = urlsplit(url)
        if parts.path not in ("", "/") or parts.query or parts.fragment:
            raise BenchmarkError(f"peer {plain.authority}: expected a URL without a path, such as http://HOST:PORT")
        headers = {}
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        return cls(name or plain.authority, Origin(plain.host, plain.port, plain.tls, headers))


class PeerRegistry(RegistryTarget):
    """A running registry, given in the format of ``PeerAddress``.

    Pushed data is deleted through its API, if that is allowed. Raises BenchmarkError if it does not respond like a
    registry.
    """

    def __init__(self, text: str) -> None:
        address = PeerAddress.of(text)
        origin = address.origin
        self._due: dict[tuple[str, str], None] = {}
        self._kept: set[str] = set()
        self._refused: set[str] = set()
        self._unlinked = 0
        with Connection(origin, FIRST_REQUEST_SECONDS) as connection:
            answer = connection.ask("GET", "/v2/")
        if answer.status != 200:
            raise BenchmarkError(
                f"peer {origin.authority} answered {answer.status} for /v2/, not 200"
                " (put credentials into the URL; tokens are not supported)"
            )
        product = answer.headers.get("server", "").partition("/")[0] or "a registry"
        info = TargetInfo(address.name, "peer", detail=f"{product} at {origin.authority}")
        pid = listener(origin.host, origin.port)
        super().__init__(info, origin, Family(lambda: pid))

    def forget(self, repositories: Sequence[str], digests: Sequence[str]) -> None:
        """Delete pushed data through the API. After a rejected deletion, no more are requested.

        Deletions that could not be requested are tried again in the next call.
        """
        self._due.update(dict.fromkeys((repository, digest) for repository in repositories for digest in digests))
        if self._refused:
            self._kept.update(digest for _, digest in self._due)
            self._due.clear()
        if not self._due:
            return
        with self.connect() as connection:
            for repository, digest in list(self._due):
                self._delete(connection, repository, digest)
                del self._due[repository, digest]

    def remains(self) -> Sequence[str]:
        """Return what the registry refused to delete, and what it may keep until its garbage collection."""
        left = []
        if self._kept:
            why = ", ".join(sorted(self._refused))
            left.append(
                f"{self.info.name} keeps {len(self._kept)} blobs and manifests of this run: it answered {why} to DELETE"
            )
        if self._unlinked:
            left.append(
                f"{self.info.name} may keep {self._unlinked / 1e6:,.1f} MB of deleted blobs on its disk"
                " until its garbage collection runs"
            )
        return left

    def close(self) -> None:
        """Try pending deletions once more. The registry keeps running."""
        self.forget((), ())

    def _delete(self, connection: Connection, repository: str, digest: str) -> None:
        if self._refused:
            self._kept.add(digest)
            return
        # A blob comes first: Docker Distribution 2 deletes one as a manifest, too.
        blob = f"/v2/{repository}/blobs/{digest}"
        size = connection.ask("HEAD", blob).headers.get("content-length", "")
        answer = connection.ask("DELETE", blob)
        if answer.status == 202 and size.isdecimal():
            self._unlinked += int(size)
        if answer.status == 404:
            answer = connection.ask("DELETE", f"/v2/{repository}/manifests/{digest}")
        if answer.status not in (200, 202, 204, 404):
            self._refused.add(str(answer.status))
            self._kept.add(digest)
