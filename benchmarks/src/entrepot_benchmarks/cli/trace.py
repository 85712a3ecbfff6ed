"""``entrepot bench trace``: generate a trace to replay."""

from __future__ import annotations

from pathlib import Path

import click

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.trace.file import write_trace
from entrepot_benchmarks.trace.generate import generate
from entrepot_benchmarks.trace.shape import LayerSizes, Shape

__all__ = ["trace"]

SHAPE = Shape()


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Random seed; the same seed generates the same trace."
)
@click.option("--requests", type=int, default=SHAPE.requests, show_default=True)
@click.option("--repositories", type=int, default=SHAPE.repositories, show_default=True)
@click.option(
    "--zipf", type=float, default=SHAPE.zipf, show_default=True, help="Exponent of the popularity distribution."
)
@click.option("--pushes", type=float, default=SHAPE.pushes, show_default=True, help="Fraction of pushes.")
@click.option(
    "--median", type=int, default=SHAPE.sizes.median, show_default=True, help="Median size of a layer, in bytes."
)
@click.option(
    "--largest", type=int, default=SHAPE.sizes.most, show_default=True, help="Maximum size of a layer, in bytes."
)
@click.option("--rate", type=float, default=SHAPE.rate, show_default=True, help="Pushes and pulls per second.")
def trace(
    file: Path,
    seed: int,
    requests: int,
    repositories: int,
    zipf: float,
    pushes: float,
    median: int,
    largest: int,
    rate: float,
) -> None:
    """Generate a random request trace in FILE, in which few images are popular and few layers are large."""
    try:
        sizes = LayerSizes(median=median, most=largest)
        shape = Shape(requests=requests, repositories=repositories, zipf=zipf, pushes=pushes, rate=rate, sizes=sizes)
        with file.open("w", encoding="utf-8") as opened:
            count = write_trace(generate(seed, shape), opened)
    except OSError as error:
        raise click.ClickException(f"{file} could not be written: {error.strerror}") from error
    except BenchmarkError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{count} requests written to {file}; replay them with: entrepot bench --trace {file}")
