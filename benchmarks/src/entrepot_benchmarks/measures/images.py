"""Whole small images, from the first HEAD to the manifest."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from functools import partial

from entrepot_benchmarks.load.image import Image, make_image, push_image
from entrepot_benchmarks.load.streams import run_together
from entrepot_benchmarks.measure import Aim, Measure, Row, Sample
from entrepot_benchmarks.targets.registry import Registry

__all__ = ["image_rate"]

CLIENTS = 4


def image_rate(registries: Sequence[Registry], *, images_per_client: int, aims: Mapping[str, Aim]) -> Measure:
    """Images a second of four clients, each on one connection."""
    row = Row(f"small images (4 layers of 10 kB), {CLIENTS} clients", "images/s", aims)
    runs = {registry.name: partial(_rate, registry, images_per_client) for registry in registries}
    return Measure((row,), runs, warm_up=True)


def _rate(registry: Registry, count: int) -> Sample:
    repository = f"bench/{uuid.uuid4().hex}"
    shares = [[make_image() for _ in range(count)] for _ in range(CLIENTS)]
    spell = run_together([partial(_push_all, registry, repository, share) for share in shares])
    registry.forget(repository, [digest for share in shares for image in share for digest in image.digests])
    return Sample((CLIENTS * count / spell.elapsed,), spell.cpu / spell.elapsed)


def _push_all(registry: Registry, repository: str, images: list[Image]) -> None:
    with registry.connect() as connection:
        for image in images:
            push_image(connection, repository, f"t-{image.digests[-1][-12:]}", image)
