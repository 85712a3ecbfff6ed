"""Output files of a run, and reporting of errors."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import ParamSpec

import click

from entrepot_benchmarks.errors import BenchmarkError, in_one_line
from entrepot_benchmarks.interrupts import interruptible

__all__ = ["Files", "errors_in_one_line", "with_files"]

P = ParamSpec("P")
FILE = click.Path(dir_okay=False, path_type=Path)


@dataclass(frozen=True, slots=True)
class Files:
    """The output files, and the folder in which a temporary data folder is created."""

    json: Path
    html: Path
    data: Path

    def folder(self, stack: ExitStack) -> Path:
        """Create a temporary folder below ``data``, which ``stack`` removes."""
        made = tempfile.TemporaryDirectory(prefix="entrepot-bench-", dir=self.data, ignore_cleanup_errors=True)
        return Path(stack.enter_context(made))


def with_files(command: Callable[P, None]) -> Callable[..., None]:
    """Add the options for output files; they are passed to the command as ``files``."""

    @click.option(
        "--data",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        default=Path(),
        metavar="DIR",
        help="Folder for the data of local backends without a configured path.",
    )
    @click.option(
        "--json", "json_file", type=FILE, default="bench.json", show_default=True, help="File for all values."
    )
    @click.option(
        "--html", "html_file", type=FILE, default="report.html", show_default=True, help="File for the report."
    )
    @wraps(command)
    def wrapper(data: Path, json_file: Path, html_file: Path, *args: P.args, **kwargs: P.kwargs) -> None:
        kwargs["files"] = Files(json_file, html_file, data.absolute())
        command(*args, **kwargs)

    return wrapper


@contextmanager
def errors_in_one_line() -> Iterator[None]:
    """Report errors in one line, and exit with status 130 after an interrupt."""
    try:
        with interruptible():
            yield
    except (BenchmarkError, OSError) as error:
        raise click.ClickException(in_one_line(error)) from error
    except KeyboardInterrupt:
        click.echo("interrupted", err=True)
        raise click.exceptions.Exit(130) from None
