"""What authentication costs: entrepot that knows its users beside entrepot that is open to everybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from entrepot_benchmarks.credentials import User
from entrepot_benchmarks.load.image import IMAGE_MANIFEST
from entrepot_benchmarks.load.payload import PayloadSource
from entrepot_benchmarks.measure import Aim, Measure
from entrepot_benchmarks.measures.small import Target, request_cost
from entrepot_benchmarks.seed import REPOSITORY, Seed
from entrepot_benchmarks.sizes import Sizes
from entrepot_benchmarks.targets.registry import Registry, entrepot
from entrepot_benchmarks.targets.storage import Files

__all__ = ["METHOD", "authenticated_rates"]

SUBJECT = "with credential"
OPEN = "open registry"
AIMS: Mapping[str, Aim] = {OPEN: Aim("ratio", 0.7)}

METHOD: Sequence[str] = (
    "Each is a host of its own, with the same content: filesystem driver, granian, log level error, and the access log "
    "on, as by default, into a file. All run at once and are loaded in turn within each round. Ratio (median) and "
    "spread (least to most) are of the rounds' own ratios, values are medians; more is better.",
    "The open registry has neither auth nor access in its configuration, and gets no credential. The others get the "
    "same credential with every request: a password (bcrypt, cost 12), or a token of their own issuer (ES256).",
    "Requests come from wrk: 16 connections, 2 threads. Any answer but 200 ends the run. By processor time: what the "
    "host answers for each second that its processes were on a core, which other programs disturb less. Generator: "
    "cores that the load itself took, for the subject / for the peer.",
)


def authenticated_rates(data: Path, sizes: Sizes, stack: ExitStack, *, self_test: bool) -> Sequence[Measure]:
    """Start the hosts below ``data``, fill them, and measure manifests from them; ``stack`` ends them.

    ``self_test`` puts a second open registry in the place of the others, so that each ratio should be 1.
    """
    payloads = PayloadSource(2**20)
    stack.callback(payloads.close)
    seed = Seed(payloads.make())
    user = User.new(data / "users")

    def start(name: str, sections: Mapping[str, object] | None = None) -> Registry:
        headers = None if sections is None else user.basic
        registry = entrepot(data / name, Files(data / name / "tree"), sections=sections, headers=headers)
        stack.enter_context(registry.process)
        seed.sow(registry)
        return registry

    def beside(how: str, registry: Registry, credential: Mapping[str, str]) -> Measure:
        accept = {"Accept": IMAGE_MANIFEST}
        targets = {
            SUBJECT: Target(registry.url(seed.manifest), {**accept, **credential}, registry.process.cpu_seconds),
            OPEN: Target(anonymous.url(seed.manifest), accept, anonymous.process.cpu_seconds),
        }
        return request_cost(
            targets, f"GET manifest by tag, {how}", seconds=sizes.seconds, aims={} if self_test else AIMS
        )

    anonymous = start("open")
    if self_test:
        return [beside("without", start("open-too"), {})]
    htpasswd = start("htpasswd", user.htpasswd())
    issuer = start("issuer", user.issuer())
    return [
        beside("password", htpasswd, user.basic),
        beside("token", issuer, user.bearer(issuer, REPOSITORY)),
    ]
