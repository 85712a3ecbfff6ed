"""The cases of every run, by name: those of zot's zb under its names, and those that it does not have."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Final

from entrepot_benchmarks.results.model import CaseInfo
from entrepot_benchmarks.workload import Workload
from entrepot_benchmarks.workloads.asking import Question, SmallRequests, SmallSeed
from entrepot_benchmarks.workloads.deck import Deck
from entrepot_benchmarks.workloads.mixed import PullAndPush
from entrepot_benchmarks.workloads.names import MIB, mb
from entrepot_benchmarks.workloads.pulling import PullBlobs, PullImages
from entrepot_benchmarks.workloads.pushing import PushBlobs, PushImages, as_docker, chunked, monolithic

__all__ = ["BARE_PULL", "BARE_PUSH", "CLIENTS", "manifest_question", "small_images", "standard_workloads"]

CLIENTS: Final = (1, 4, 16)
FEW: Final = (1, 4)
"""For what moves 100 MiB and more each time: with 16 clients a turn would take minutes on a slow backend."""

SIZES: Final = (MIB, 10 * MIB, 100 * MIB)
MIX: Final = {MIB: 2, 10 * MIB: 7, 100 * MIB: 1}
BARE: Final = 256 * MIB
BARE_PUSH: Final = f"Push Blob {mb(BARE)}"
BARE_PULL: Final = f"Pull Blob {mb(BARE)}"
"""The two cases that limits take too: a loop that receives and hashes, and nginx."""


def standard_workloads(
    run: str, stack: ExitStack, clients: Sequence[int] = CLIENTS, *, bare: bool = False
) -> list[Workload]:
    """Every workload, the lightest first; ``stack`` gives their memory back.

    ``run`` begins the names of all repositories. ``clients`` are those of the small cases; large ones have no more
    than four. With ``bare`` there are single blobs of 256 MiB too, which limits take; 16 pushes of them at once, which
    tell the memory, in two rounds.
    """

    def deck(shares: dict[int, int], layers: int = 1) -> Deck:
        made = Deck(shares, layers)
        stack.callback(made.close)
        return made

    few = [number for number in clients if number in FEW] or list(clients)[:1]
    decks = {size: deck({size: 1}) for size in SIZES}
    mix = deck(MIX)
    seed = SmallSeed(run)
    workloads: list[Workload] = [SmallRequests(seed, question, clients) for question in _questions(seed)]
    workloads.append(small_images(run, stack, clients))
    for size in SIZES:
        some = clients if size < 100 * MIB else few
        workloads += [
            PushImages(run, _push("Monolith", size), decks[size], monolithic, some),
            PushImages(run, _push("Chunk Streamed", size), decks[size], chunked, some),
            PullImages(run, _pull(size), decks[size], some),
        ]
    workloads += [
        PullImages(run, _MIXED_PULL, mix, few),
        PushImages(run, _MIXED_PUSH, mix, monolithic, few),
        PullAndPush(run, _BOTH, decks[MIB], clients),
    ]
    if bare:
        large = deck({BARE: 1})
        workloads += [
            PushBlobs(run, _BARE_PUSH, large, few),
            PullBlobs(run, _BARE_PULL, large, few),
            PushBlobs(run, _BARE_PUSH, large, [16], most_rounds=2),
        ]
    return workloads


def small_images(run: str, stack: ExitStack, clients: Sequence[int]) -> Workload:
    """Whole images of 4 layers of 10 kB, pushed as Docker's engine does."""
    deck = Deck({10_000: 1}, layers=4)
    stack.callback(deck.close)
    return PushImages(run, _SMALL_IMAGES, deck, as_docker, clients)


def manifest_question(seed: SmallSeed) -> Question:
    """GET of a manifest by its tag."""
    return _questions(seed)[0]


_BARE_PUSH = CaseInfo(BARE_PUSH, "push", "MB/s", "one blob of 256 MiB: POST, PATCH, PUT")
_BARE_PULL = CaseInfo(BARE_PULL, "pull", "MB/s", "one blob of 256 MiB: GET")
_SHARES = "20% 1MB, 70% 10MB, 10% 100MB"
_SMALL_IMAGES = CaseInfo(
    "Push Small Images", "images", "operations/s", "an image of 4 layers of 10 kB, as Docker's engine pushes it"
)
_MIXED_PULL = CaseInfo(f"Pull Mixed {_SHARES}", "pull", "MB/s", "images of one layer, of three sizes in a mix")
_MIXED_PUSH = CaseInfo(f"Push Monolith Mixed {_SHARES}", "push", "MB/s", "images of one layer, of three sizes in a mix")
_BOTH = CaseInfo(
    "Pull 75% and Push 25% Mixed 1MB", "mixed", "operations/s", "three pulls of an image of 1 MiB, then a push of one"
)


def _push(way: str, size: int) -> CaseInfo:
    how = {"Monolith": "POST, PUT", "Chunk Streamed": "POST, PATCH, PUT"}[way]
    return CaseInfo(f"Push {way} {mb(size)}", "push", "MB/s", f"an image of one layer of {mb(size)}: {how}")


def _pull(size: int) -> CaseInfo:
    return CaseInfo(f"Pull {mb(size)}", "pull", "MB/s", f"an image of one layer of {mb(size)}, manifest and config too")


def _questions(seed: SmallSeed) -> Sequence[Question]:
    name, manifest = seed.repository, f"/v2/{seed.repository}/manifests/tag-050"

    def case(title: str, sentence: str) -> CaseInfo:
        return CaseInfo(title, "small", "operations/s", sentence)

    return (
        Question(case("Get Manifest", "GET of a manifest by its tag"), "GET", manifest),
        Question(case("Head Manifest", "HEAD of a manifest by its tag"), "HEAD", manifest),
        Question(case("Get Small Blob", "GET of a blob of 1 KiB"), "GET", f"/v2/{name}/blobs/{seed.blob}"),
        Question(case("Get Tags", "the list of 100 tags"), "GET", f"/v2/{name}/tags/list"),
        Question(case("Get Catalog", "the catalog: 21 repositories, where there are no others"), "GET", "/v2/_catalog"),
    )
