"""The suite of `make bench`: entrepot beside docker-registry, nginx and a bare loop, with the aims of the design."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from entrepot_benchmarks.load.image import IMAGE_MANIFEST
from entrepot_benchmarks.measure import Aim, Measure
from entrepot_benchmarks.measures.images import image_rate
from entrepot_benchmarks.measures.pull import pull_throughput
from entrepot_benchmarks.measures.push import memory_of_pushes, push_throughput
from entrepot_benchmarks.measures.small import request_rate
from entrepot_benchmarks.servers import Servers
from entrepot_benchmarks.sizes import Sizes

__all__ = ["METHOD", "measures_of"]

PEER = "docker-registry"

METHOD = (
    "All servers run at once and are loaded in turn within each round. Ratio (median) and spread (least to most) are "
    "of the rounds' own ratios, values are medians; more than 1 is better, except for memory.",
    "Both registries read the same configuration: filesystem driver, delete enabled, blob descriptors cached in "
    "memory, log level error, and the access log on, as by default, into a file. nginx writes its access log too.",
    "A push is POST, PATCH with a Content-Length, PUT; its bytes are random and differ each time. What was pushed is "
    "deleted after each turn, on every side alike, outside the timed part.",
    "The bare loop receives, hashes (sha256) and writes the same bytes and calls fsync, in Python and without HTTP: "
    "with cached writes in one thread, with direct writes (O_DIRECT) in a second thread.",
    "Warm pulls are four in a row on one connection, after an untimed one. Small requests come from wrk: 16 "
    "connections, 2 threads.",
    "Generator: cores that the load itself took on this machine, for the subject / for the peer. MB are 10^6 bytes. "
    "Memory is the highest sum over all processes of the server, looked at ten times a second.",
)


def measures_of(servers: Servers, sizes: Sizes, aims: bool) -> Sequence[Measure]:
    """Every measure; ``aims`` says whether the rows carry the design's aims, which are entrepot's alone."""
    registries, payloads, seed = servers.registries, servers.payloads, servers.seed

    def at_least(ratio: float, more: Mapping[str, float] | None = None) -> dict[str, Aim]:
        return {peer: Aim("ratio", bound) for peer, bound in {PEER: ratio, **(more or {})}.items()} if aims else {}

    def rate(title: str, path: str, ratio: float, accept: str = "*/*") -> Measure:
        headers = {"Accept": accept}
        return request_rate(registries, title, path, seconds=sizes.seconds, headers=headers, aims=at_least(ratio))

    return (
        push_throughput(
            (*registries, *servers.loops), payloads, streams=1, aims=at_least(3, {"bare loop, cached writes": 0.75})
        ),
        push_throughput(registries, payloads, streams=4, aims=at_least(3)),
        pull_throughput(servers.pulls, payloads.size, aims=at_least(1.1, {"nginx": 0.9})),
        rate("GET manifest by tag", seed.manifest, 10, IMAGE_MANIFEST),
        rate("GET blob of 1 KiB", seed.small_blob, 15),
        rate("tags list, 100 tags", seed.tags, 6),
        image_rate(registries, images_per_client=sizes.images_per_client, aims=at_least(2)),
        memory_of_pushes(
            registries,
            payloads,
            streams=16,
            most_rounds=sizes.memory_rounds,
            aims={PEER: Aim("value", 200)} if aims else {},
        ),
    )
