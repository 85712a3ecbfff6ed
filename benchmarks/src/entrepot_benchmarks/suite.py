"""The suite of `make bench`: entrepot beside docker-registry, and on files beside nginx and a bare loop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from entrepot_benchmarks.aims import Aims
from entrepot_benchmarks.load.image import IMAGE_MANIFEST
from entrepot_benchmarks.measure import Aim, Measure
from entrepot_benchmarks.measures.images import image_rate
from entrepot_benchmarks.measures.pull import pull_throughput
from entrepot_benchmarks.measures.push import memory_of_pushes, push_throughput
from entrepot_benchmarks.measures.small import Target, request_rate
from entrepot_benchmarks.servers import Servers
from entrepot_benchmarks.sizes import Sizes

__all__ = ["METHOD", "measures_of"]

_ALL = (
    "Both registries run at once and are loaded in turn within each round. Ratio (median) and spread (least to most) "
    "are of the rounds' own ratios, values are medians; more than 1 is better, except for memory.",
    "A push is POST, PATCH with a Content-Length, PUT; its bytes are random and differ each time. What was pushed is "
    "deleted after each turn, on every side alike, outside the timed part.",
    "Warm pulls are four in a row on one connection, after an untimed one. Small requests come from wrk: 16 "
    "connections, 2 threads.",
    "Generator: cores that the load itself took on this machine, for the subject / for the peer. MB are 10^6 bytes. "
    "Memory is the highest sum over all processes of the registry, looked at ten times a second.",
)
_LIKE = (
    "delete enabled, blob descriptors cached in memory, log level error, and the access log on, as by default, into a "
    "file."
)

METHOD = {
    "filesystem": (
        *_ALL,
        f"Both registries read the same configuration: filesystem driver, {_LIKE} nginx writes its access log too.",
        "The bare loop receives, hashes (sha256) and writes the same bytes and calls fsync, in Python and without "
        "HTTP: with cached writes in one thread, with direct writes (O_DIRECT) in a second thread.",
    ),
    "s3": (
        *_ALL,
        f"Both registries read the same configuration: s3 driver with its defaults, redirects off, {_LIKE}",
        "Both work in one bucket of one Ceph RADOS Gateway (Debian's packages: one monitor, one store on a file of "
        "the data directory) on the same machine, each below a root directory of its own.",
    ),
}
"""How the rows came about, by the backend."""


def measures_of(servers: Servers, sizes: Sizes, aims: Aims | None) -> Sequence[Measure]:
    """Every measure, and the aims of its rows."""
    registries, payloads, seed = servers.registries, servers.payloads, servers.seed
    aims = aims or Aims()

    def rate(title: str, path: str, aims: Mapping[str, Aim], accept: str = "*/*") -> Measure:
        headers = {"Accept": accept}
        targets = {one.name: Target(one.url(path), headers, one.process.cpu_seconds) for one in registries}
        return request_rate(targets, title, seconds=sizes.seconds, aims=aims)

    return (
        push_throughput((*registries, *servers.loops), payloads, streams=1, aims=aims.push),
        push_throughput(registries, payloads, streams=4, aims=aims.push_streams),
        pull_throughput(servers.pulls, payloads.size, aims=aims.pull),
        rate("GET manifest by tag", seed.manifest, aims.manifest, IMAGE_MANIFEST),
        rate("GET blob of 1 KiB", seed.small_blob, aims.small_blob),
        rate("tags list, 100 tags", seed.tags, aims.tags),
        image_rate(registries, images_per_client=sizes.images_per_client, aims=aims.images),
        memory_of_pushes(registries, payloads, streams=16, most_rounds=sizes.memory_rounds, aims=aims.memory),
    )
