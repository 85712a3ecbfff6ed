"""The standard cases: those of zot's zb, under the same names, and additional ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import cache, partial
from typing import Final

from entrepot_benchmarks.results.model import CaseInfo
from entrepot_benchmarks.workload import Workload
from entrepot_benchmarks.workloads.asking import Question, SmallRequests, SmallSeed
from entrepot_benchmarks.workloads.mixed import PullAndPush
from entrepot_benchmarks.workloads.names import MIB, mb
from entrepot_benchmarks.workloads.pulling import PullBlobs, PullImages
from entrepot_benchmarks.workloads.pushing import Push, PushBlobs, PushImages, as_docker, chunked, monolithic
from entrepot_benchmarks.workloads.size_mix import SizeMix

__all__ = ["BARE_PULL", "BARE_PUSH", "CLIENTS", "case_names", "manifest_question", "small_images", "standard_workloads"]

CLIENTS: Final = (1, 4, 16)
FEW: Final = (1, 4)
"""For operations of 10 MiB and more: with 16 clients a turn would take a minute on a slow backend."""

MANY: Final = 16
"""Concurrent pushes of the largest blobs, to measure memory."""

SIZES: Final = (MIB, 10 * MIB, 100 * MIB)
MIX: Final = {MIB: 2, 10 * MIB: 7, 100 * MIB: 1}
BARE: Final = 256 * MIB
BARE_PUSH: Final = f"Push Blob {mb(BARE)}"
BARE_PULL: Final = f"Pull Blob {mb(BARE)}"
"""The two cases that are also measured on the limits: a loop that receives and hashes, and nginx."""


def standard_workloads(
    run: str,
    stack: ExitStack,
    clients: Sequence[int] = CLIENTS,
    *,
    bare: bool = False,
    wanted: Callable[[str], bool] = lambda name: True,
) -> list[Workload]:
    """Return every workload whose case name is wanted, the lightest first; ``stack`` releases their memory.

    ``run`` is the prefix of all repositories. ``clients`` are those of the small cases; for images of 10 MiB at most
    four are used, for those of 100 MiB one. ``bare`` adds single blobs of 256 MiB, which are also measured on the
    limits; if ``clients`` contains 16, that number of concurrent pushes is measured in two rounds, for the memory.
    """
    # Unwanted workloads are not created, because their random data would be hashed and kept in memory.
    return [make() for case, make in _every(run, stack, clients, bare) if wanted(case.name)]


def case_names(*, bare: bool = False) -> list[str]:
    """Return the names of all cases, in the order of ``standard_workloads``."""
    with ExitStack() as stack:
        return list(dict.fromkeys(case.name for case, _ in _every("", stack, CLIENTS, bare)))


def _every(
    run: str, stack: ExitStack, clients: Sequence[int], bare: bool
) -> list[tuple[CaseInfo, Callable[[], Workload]]]:
    @cache
    def size_mix(*cards: tuple[int, int]) -> SizeMix:
        made = SizeMix(dict(cards))
        stack.callback(made.close)
        return made

    def push(case: CaseInfo, how: Push, some: Sequence[int], *cards: tuple[int, int]) -> None:
        found.append((case, lambda: PushImages(run, case, size_mix(*cards), how, some)))

    def pull(case: CaseInfo, some: Sequence[int], *cards: tuple[int, int]) -> None:
        found.append((case, lambda: PullImages(run, case, size_mix(*cards), some)))

    few = [number for number in clients if number in FEW] or list(clients)[:1]
    one = few[:1]
    seed = SmallSeed(run)
    stack.callback(seed.close)
    found: list[tuple[CaseInfo, Callable[[], Workload]]] = [
        (question.case, partial(SmallRequests, seed, question, clients)) for question in _questions(seed)
    ]
    found.append((_SMALL_IMAGES, partial(small_images, run, stack, clients)))
    for size in SIZES:
        some = clients if size < 10 * MIB else few if size < 100 * MIB else one
        push(_push("Monolith", size), monolithic, some, (size, 1))
        push(_push("Chunk Streamed", size), chunked, some, (size, 1))
        pull(_pull(size), some, (size, 1))
    pull(_MIXED_PULL, few, *MIX.items())
    push(_MIXED_PUSH, monolithic, few[-1:], *MIX.items())
    found.append((_BOTH, lambda: PullAndPush(run, _BOTH, size_mix((MIB, 1)), clients)))
    if bare:
        large = (BARE, 1)
        found.append((_BARE_PUSH, lambda: PushBlobs(run, _BARE_PUSH, size_mix(large), few)))
        found.append((_BARE_PULL, lambda: PullBlobs(run, _BARE_PULL, size_mix(large), few)))
        if MANY in clients:
            found.append((_BARE_PUSH, lambda: PushBlobs(run, _BARE_PUSH, size_mix(large), [MANY], most_rounds=2)))
    return found


def small_images(run: str, stack: ExitStack, clients: Sequence[int]) -> Workload:
    """Return the workload that pushes images with 4 layers of 10 kB, like Docker Engine."""
    size_mix = SizeMix({10_000: 1}, layers=4)
    stack.callback(size_mix.close)
    return PushImages(run, _SMALL_IMAGES, size_mix, as_docker, clients)


def manifest_question(seed: SmallSeed) -> Question:
    """Return the request that GETs a manifest by tag."""
    return _questions(seed)[0]


_BARE_PUSH = CaseInfo(BARE_PUSH, "push", "MB/s", "a blob of 256 MiB: POST, PATCH, PUT")
_BARE_PULL = CaseInfo(BARE_PULL, "pull", "MB/s", "a blob of 256 MiB: GET")
_SHARES = "20% 1MB, 70% 10MB, 10% 100MB"
_SMALL_IMAGES = CaseInfo(
    "Push Small Images", "images", "operations/s", "an image with 4 layers of 10 kB, pushed like Docker Engine"
)
_MIXED_PULL = CaseInfo(f"Pull Mixed {_SHARES}", "pull", "MB/s", "images with one layer, a mix of three sizes")
_MIXED_PUSH = CaseInfo(f"Push Monolith Mixed {_SHARES}", "push", "MB/s", "images with one layer, a mix of three sizes")
_BOTH = CaseInfo(
    "Pull 75% and Push 25% Mixed 1MB",
    "mixed",
    "operations/s",
    "three pulls of an image of 1 MiB, and a push of another one",
)


def _push(way: str, size: int) -> CaseInfo:
    how = {"Monolith": "POST, PUT", "Chunk Streamed": "POST, PATCH, PUT"}[way]
    return CaseInfo(f"Push {way} {mb(size)}", "push", "MB/s", f"an image with one layer of {mb(size)}: {how}")


def _pull(size: int) -> CaseInfo:
    return CaseInfo(
        f"Pull {mb(size)}", "pull", "MB/s", f"an image with one layer of {mb(size)}, including manifest and config"
    )


def _questions(seed: SmallSeed) -> Sequence[Question]:
    name, manifest = seed.repository, f"/v2/{seed.repository}/manifests/tag-050"

    def case(title: str, sentence: str) -> CaseInfo:
        return CaseInfo(title, "small", "operations/s", sentence)

    return (
        Question(case("Get Manifest", "GET of a manifest by tag"), "GET", manifest),
        Question(case("Head Manifest", "HEAD of a manifest by tag"), "HEAD", manifest),
        Question(case("Get Small Blob", "GET of a blob of 1 KiB"), "GET", f"/v2/{name}/blobs/{seed.blob}"),
        Question(case("Get Tags", "list of 100 tags"), "GET", f"/v2/{name}/tags/list"),
        Question(case("Get Catalog", "the catalog: 21 repositories if there are no others"), "GET", "/v2/_catalog"),
    )
