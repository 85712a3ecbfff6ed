"""What entrepot should reach beside docker-registry, by the backend that both use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from entrepot_benchmarks.measure import Aim

__all__ = ["AIMS", "Aims"]

PEER = "docker-registry"


@dataclass(frozen=True, slots=True)
class Aims:
    """The least ratio for each row, by the peer; none where nothing is asked."""

    push: Mapping[str, Aim] = field(default_factory=dict)
    push_streams: Mapping[str, Aim] = field(default_factory=dict)
    pull: Mapping[str, Aim] = field(default_factory=dict)
    manifest: Mapping[str, Aim] = field(default_factory=dict)
    small_blob: Mapping[str, Aim] = field(default_factory=dict)
    tags: Mapping[str, Aim] = field(default_factory=dict)
    images: Mapping[str, Aim] = field(default_factory=dict)
    memory: Mapping[str, Aim] = field(default_factory=dict)


def _ratios(peer: float, **others: float) -> dict[str, Aim]:
    names = {"bare": "bare loop, cached writes", "nginx": "nginx"}
    return {PEER: Aim("ratio", peer), **{names[name]: Aim("ratio", bound) for name, bound in others.items()}}


AIMS: Mapping[str, Aims] = {
    "filesystem": Aims(
        push=_ratios(3, bare=0.75),
        push_streams=_ratios(3),
        pull=_ratios(1.1, nginx=0.9),
        manifest=_ratios(10),
        small_blob=_ratios(15),
        tags=_ratios(6),
        images=_ratios(2),
        memory={PEER: Aim("value", 200)},
    ),
    "s3": Aims(push=_ratios(1.5), pull=_ratios(1.2), images=_ratios(1.5), memory={PEER: Aim("value", 400)}),
}
