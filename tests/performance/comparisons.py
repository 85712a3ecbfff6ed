"""The cost of a feature: hosts with and without it, serving the same content."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Literal

from performance.credentials import User
from performance.targets.notified import NotifiedHost, Receiver
from performance.targets.secured import SecuredHost

from entrepot_benchmarks.bench import Opening
from entrepot_benchmarks.results.model import CaseInfo
from entrepot_benchmarks.selection import Backend
from entrepot_benchmarks.target import Target
from entrepot_benchmarks.targets.host import EntrepotHost
from entrepot_benchmarks.workload import Workload
from entrepot_benchmarks.workloads.asking import SmallRequests, SmallSeed
from entrepot_benchmarks.workloads.names import MIB, mb
from entrepot_benchmarks.workloads.pushing import PushBlobs
from entrepot_benchmarks.workloads.size_mix import SizeMix
from entrepot_benchmarks.workloads.standard import manifest_question, small_images

__all__ = ["COMPARISONS", "UPLOAD", "Comparison", "over_http2"]

UPLOAD_SIZE: Final = 128 * MIB
UPLOAD: Final = f"Push Blob {mb(UPLOAD_SIZE)}"
"""The case that ``over_http2`` measures."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The hosts and their workloads."""

    openings: Sequence[Opening]
    workloads: Sequence[Workload]


def _files(label: str) -> Backend:
    return Backend(label, "filesystem", {"rootdirectory": "{tmp}"})


def authenticated(data: Path, run: str, stack: ExitStack, clients: Sequence[int]) -> Comparison:
    """Compare a host without authentication, one with passwords (bcrypt, cost 12) and one with tokens (ES256)."""
    user = User.new(data / "users")
    seed = SmallSeed(run, others=0)

    def start(label: str, sections: Mapping[str, object] | None = None, *, bearer: bool = False) -> Target:
        headers = None if sections is None else user.basic
        host = EntrepotHost(_files(label), data / label.replace(" ", "-"), run, sections=sections, headers=headers)
        if bearer:
            host.carry(user.bearer(host, seed.repository))
        return host

    openings = [
        Opening("open", partial(start, "open")),
        Opening("password", partial(start, "password", user.htpasswd())),
        Opening("token", partial(start, "token", user.issuer(), bearer=True)),
    ]
    return Comparison(openings, [SmallRequests(seed, manifest_question(seed), clients)])


def notified(data: Path, run: str, stack: ExitStack, clients: Sequence[int]) -> Comparison:
    """Compare a host that sends each event to a webhook (nginx, which returns 204) and one without notifications."""
    receiver = Receiver(data / "receiver")
    stack.enter_context(receiver.process)
    seed = SmallSeed(run, others=0)
    openings = [
        Opening(
            "with a webhook", lambda: NotifiedHost(_files("with a webhook"), data / "with-webhook", run, receiver.url)
        ),
        Opening("without", lambda: EntrepotHost(_files("without"), data / "without", run)),
    ]
    workloads: list[Workload] = [
        SmallRequests(seed, manifest_question(seed), clients),
        small_images(run, stack, clients),
    ]
    return Comparison(openings, workloads)


def over_http2(data: Path, run: str, stack: ExitStack, clients: Sequence[int]) -> Comparison:
    """Two hosts on granian over TLS: curl pushes to one over HTTP/2, to the other over HTTP/1.1.

    They keep what is pushed in memory, so that no disk hides what the protocols differ in.
    """
    size_mix = SizeMix({UPLOAD_SIZE: 1})
    stack.callback(size_mix.close)

    def start(version: Literal["1.1", "2"]) -> Target:
        return SecuredHost(Backend(f"HTTP/{version}", "inmemory", {}), data / f"http-{version}", run, version)

    openings = [Opening("HTTP/2", partial(start, "2")), Opening("HTTP/1.1", partial(start, "1.1"))]
    case = CaseInfo(UPLOAD, "push", "MB/s", f"one blob of {mb(UPLOAD_SIZE)} over TLS: POST, PATCH by curl, GET, PUT")
    return Comparison(openings, [PushBlobs(run, case, size_mix, clients)])


COMPARISONS: Final[Mapping[str, Callable[[Path, str, ExitStack, Sequence[int]], Comparison]]] = {
    "auth": authenticated,
    "http2": over_http2,
    "notifications": notified,
}
