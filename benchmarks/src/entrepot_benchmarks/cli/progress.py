"""How far a run has come, for the person who waits: a bar on a terminal, lines elsewhere."""

from __future__ import annotations

from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

__all__ = ["Bar"]


class Bar:
    """A progress bar on the standard error; without a terminal, one line for each round and each fault."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        what = TextColumn("{task.description}", markup=False)
        columns = (what, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=self._console, transient=True)
        self._task = self._progress.add_task("start", total=None)
        self._begun = False
        self._said = ""

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def expect(self, turns: int) -> None:
        """There will be so many turns."""
        self._progress.update(self._task, total=turns)

    def turn(self, what: str) -> None:
        """A turn begins; the one before has ended."""
        self._progress.update(self._task, description=what, advance=1 if self._begun else 0)
        self._begun = what.startswith("round")
        part = what.partition(": ")[0]
        if not self._console.is_terminal and part != self._said:
            self._said = part
            self._console.print(part, markup=False, soft_wrap=True)

    def fault(self, what: str) -> None:
        """Something failed, and the run goes on without it."""
        self._console.print(f"entrepot bench: {' '.join(what.split())}", markup=False, soft_wrap=True)
