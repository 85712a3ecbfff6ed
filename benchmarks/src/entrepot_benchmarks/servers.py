"""All servers of a run, started, and the registries filled."""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from entrepot_benchmarks.backends import BACKENDS
from entrepot_benchmarks.load.payload import PayloadSource
from entrepot_benchmarks.measures.pull import Source
from entrepot_benchmarks.seed import Seed
from entrepot_benchmarks.targets.bare import BareLoop
from entrepot_benchmarks.targets.nginx import Nginx
from entrepot_benchmarks.targets.registry import Registry, docker_registry, entrepot
from entrepot_benchmarks.targets.storage import Files

__all__ = ["Servers", "start"]


@dataclass(frozen=True, slots=True)
class Servers:
    """The subject and its peer, the limits beside them, and what to send and to read."""

    registries: tuple[Registry, Registry]
    loops: tuple[BareLoop, ...]
    pulls: tuple[Source, ...]
    payloads: PayloadSource
    seed: Seed


def start(data: Path, large: int, stack: ExitStack, *, backend: str, self_test: bool) -> Servers:
    """Start everything below ``data``; ``stack`` ends it. ``large`` is the large blob's size in bytes.

    ``self_test`` puts docker-registry on both sides, so that every ratio between them should be 1.
    """
    payloads = PayloadSource(large)
    stack.callback(payloads.close)
    seed = Seed(payloads.make())
    storages = BACKENDS[backend](data, stack)
    ours = storages("subject")
    subject = (
        docker_registry(data / "subject", ours, "docker-registry (A)")
        if self_test
        else entrepot(data / "subject", ours)
    )
    stack.enter_context(subject.process)
    peer = docker_registry(data / "peer", storages("peer"))
    stack.enter_context(peer.process)
    pulls = []
    for registry in (subject, peer):
        seed.sow(registry)
        pulls.append(Source(registry.name, registry.connect, f"/v2/{seed.large_blob}", _file(registry, seed)))
    loops: list[BareLoop] = []
    file = _file(peer, seed)
    if file is not None:
        loops = _loops(data, stack)
        pulls.append(_nginx(data, file, stack))
    return Servers((subject, peer), tuple(loops), tuple(pulls), payloads, seed)


def _file(registry: Registry, seed: Seed) -> Path | None:
    return registry.storage.blob(seed.large.digest) if isinstance(registry.storage, Files) else None


def _nginx(data: Path, file: Path, stack: ExitStack) -> Source:
    nginx = Nginx(data / "nginx")
    stack.enter_context(nginx.process)
    served = nginx.files / "blob"
    shutil.copyfile(file, served)
    return Source(nginx.name, nginx.connect, "/blob", served)


def _loops(data: Path, stack: ExitStack) -> list[BareLoop]:
    loops = [BareLoop(data / "bare-cached", "cached")]
    stack.enter_context(loops[0].process)
    if _takes_direct_writes(data):
        loops.append(BareLoop(data / "bare-direct", "direct"))
        stack.enter_context(loops[1].process)
    return loops


def _takes_direct_writes(data: Path) -> bool:
    """Some file systems, tmpfs among them, have no O_DIRECT."""
    path = data / "probe"
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_DIRECT, 0o600))
    except OSError:
        return False
    finally:
        path.unlink(missing_ok=True)
    return True
