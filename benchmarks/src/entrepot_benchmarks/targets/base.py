"""The base class of all registries as targets."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.load.image import with_digest
from entrepot_benchmarks.load.payload import Payload
from entrepot_benchmarks.load.wire import Connection, Origin
from entrepot_benchmarks.results.model import CaseInfo, TargetInfo
from entrepot_benchmarks.targets.family import Family

__all__ = ["RegistryTarget"]


class RegistryTarget:
    """A registry at an origin; ``wanted`` selects the cases that it accepts."""

    def __init__(
        self, info: TargetInfo, origin: Origin, family: Family, wanted: Callable[[CaseInfo], bool] = lambda case: True
    ) -> None:
        self.info = info
        self.origin = origin
        self.family = family
        self.takes = wanted

    def connect(self) -> Connection:
        """Open a connection."""
        return Connection(self.origin)

    def push(self, repository: str, payload: Payload) -> None:
        """Push with POST, PATCH (whole body with a Content-Length) and PUT, like `docker push`."""
        with self.connect() as connection:
            started = connection.request("POST", f"/v2/{repository}/blobs/uploads/", expect=202)
            patched = connection.send("PATCH", started.location, payload, expect=202)
            connection.request("PUT", with_digest(patched.location, payload.digest), expect=201)

    def settle(self, refill: Callable[[], None]) -> None:
        """Do nothing: there is no background work."""

    def gone(self) -> str | None:
        """Return why ``/v2/`` does not respond, or None."""
        try:
            with self.connect() as connection:
                connection.ask("GET", "/v2/")
        except BenchmarkError as error:
            return str(error)
        return None

    def remains(self) -> Sequence[str]:
        """Return nothing: everything can be removed."""
        return ()
