"""Concurrent pulls and pushes, in the same mix as zot's zb."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count
from typing import Final

from entrepot_benchmarks.results.model import CaseInfo, Spell
from entrepot_benchmarks.target import Target
from entrepot_benchmarks.workloads.names import EVERY_ROUND, slug
from entrepot_benchmarks.workloads.pulling import pull_image
from entrepot_benchmarks.workloads.pushing import monolithic
from entrepot_benchmarks.workloads.size_mix import SizeMix
from entrepot_benchmarks.workloads.turns import load_and_forget

__all__ = ["PullAndPush"]

OF_FOUR: Final = 4


class PullAndPush:
    """Each client repeats three pulls of an image and a push of another one; clients start at different offsets."""

    def __init__(self, run: str, case: CaseInfo, size_mix: SizeMix, clients: Sequence[int]) -> None:
        self.cases = (case,)
        self.clients = clients
        self.most_rounds = EVERY_ROUND
        self._run, self._size_mix = run, size_mix
        self._pulled = f"{run}/{slug(case.name)}"
        (size,) = size_mix.sizes
        self._image = size_mix.fixed(case.name, size)
        self._turns = count()

    def prepare(self, target: Target) -> None:
        """Push the image that is pulled."""
        with target.connect() as connection:
            monolithic(connection, self._pulled, "latest", self._image)

    def forget(self, target: Target) -> None:
        """Remove the image that is pulled."""
        target.forget([self._pulled], self._image.digests)

    def turn(self, target: Target, clients: int, seconds: float) -> Mapping[str, Spell]:
        """Run for about ``seconds``, with at least four operations per client."""
        name = f"{slug(self.cases[0].name)}-{next(self._turns)}"
        repository = f"{self._run}/{name}"

        def pushes(index: int, number: int) -> bool:
            return (index + number) % OF_FOUR == 0

        def client(index: int) -> Callable[[], Callable[[int], int]]:
            def start() -> Callable[[int], int]:
                connection = target.connect()

                def work(number: int) -> int:
                    if pushes(index, number):
                        image = self._size_mix.image(name, index, number, clients)
                        return monolithic(connection, repository, f"t-{index}-{number}", image)
                    return pull_image(connection, self._pulled, "latest", self._image)

                return work

            return start

        def pushed(index: int, number: int) -> Iterable[str]:
            return self._size_mix.image(name, index, number, clients).digests if pushes(index, number) else ()

        all_clients = [client(index) for index in range(clients)]
        spell = load_and_forget(target, all_clients, seconds, repository, pushed, least=OF_FOUR)
        return {self.cases[0].name: spell}
