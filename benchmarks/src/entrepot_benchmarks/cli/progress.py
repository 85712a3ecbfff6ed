"""Progress display: a bar on a terminal, otherwise lines."""

from __future__ import annotations

from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

__all__ = ["Bar"]


class Bar:
    """A progress bar on standard error; without a terminal, one line for each round and each error."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        what = TextColumn("{task.description}", markup=False)
        columns = (what, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=self._console, transient=True)
        self._task = self._progress.add_task("start", total=None)
        self._begun = False
        self._printed = ""

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def expect(self, turns: int) -> None:
        """Set the total number of turns."""
        self._progress.update(self._task, total=turns)

    def turn(self, what: str) -> None:
        """Start a turn, which ends the previous one."""
        self._progress.update(self._task, description=what, advance=1 if self._begun else 0)
        self._begun = what.startswith("round")
        part = what.partition(": ")[0]
        if not self._console.is_terminal and part != self._printed:
            self._printed = part
            self._console.print(part, markup=False, soft_wrap=True)

    def fault(self, what: str) -> None:
        """Report a failure after which the run continues."""
        self._console.print(f"entrepot bench: {' '.join(what.split())}", markup=False, soft_wrap=True)
