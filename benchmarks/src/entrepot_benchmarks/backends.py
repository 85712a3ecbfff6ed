"""The backends that can be measured: where each registry of a run keeps its data."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.targets.process import require
from entrepot_benchmarks.targets.storage import Files, Objects, Storage

__all__ = ["BACKENDS", "Storages"]

Storages = Callable[[str], Storage]
"""The data of the registry of a name, apart from that of every other name."""


def _filesystem(data: Path, stack: ExitStack) -> Storages:
    return lambda name: Files(data / name / "tree")


def _s3(data: Path, stack: ExitStack) -> Storages:
    try:
        from services.ceph import PROGRAMS, Ceph
        from services.s3 import s3_options
    except ImportError as error:
        raise BenchmarkError("Ceph is started by the tests: in a checkout, run make bench BACKENDS=s3") from error
    for program in PROGRAMS:
        require(program, program)
    ceph = stack.enter_context(Ceph(data / "ceph", size=100 * 2**30))
    options = s3_options(ceph, bucket="bench") | {"secure": False}
    return lambda name: Objects("s3", {**options, "rootdirectory": f"/{name}"})


BACKENDS: dict[str, Callable[[Path, ExitStack], Storages]] = {"filesystem": _filesystem, "s3": _s3}
"""What starts each backend below a directory; the stack ends it."""
