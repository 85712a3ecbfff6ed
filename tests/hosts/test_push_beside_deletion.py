"""After a push concurrent with a deletion of a manifest, the manifest and its tag either both exist or are both gone.

``ENTREPOT_RACE_ROUNDS`` sets the number of rounds for each kind of race, for longer manual runs.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from random import Random
from threading import Barrier
from typing import Final

import pytest
from support.content import OCI_INDEX, digest_of
from support.services.ceph import PROGRAMS
from support.services.entrepot import entrepot
from support.services.programs import need
from support.services.registry import Registry, write_config
from support.services.s3 import s3_options
from support.wire import Answer, Wire

ROUNDS: Final = int(os.environ.get("ENTREPOT_RACE_ROUNDS", "0"))
"""0 means a few, and more with ``make soak``."""

LONGEST_HEAD_START: Final = 0.012
"""Maximum delay in seconds between two requests, about the duration of the slower one."""


@pytest.fixture(scope="module", params=["filesystem", "s3"])
def workers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """Start one host with two workers that only share the store."""
    folder = tmp_path_factory.mktemp("workers")
    if request.param == "s3":
        need(request, *PROGRAMS)
        store: object = {"s3": s3_options(request.getfixturevalue("ceph"))}
    else:
        store = folder / "data"
    config = write_config(folder / "config.yml", store, http={"workers": 2})  # type: ignore[arg-type]  # as above
    with entrepot(config, folder, server="granian") as registry:
        yield registry
    shutil.rmtree(folder)


@pytest.mark.timeout(200 + 5 * ROUNDS)
@pytest.mark.parametrize("deleted", ["the digest", "the tag", "the digest and the tag"])
def test_a_push_concurrent_with_a_deletion_leaves_tag_and_manifest_or_neither(
    workers: Registry, repository: str, deleted: str, thorough: bool
) -> None:
    rounds = ROUNDS or (10 if thorough else 6)
    wire, random = workers.wire, Random(deleted)  # noqa: S311  # delays, not secrets
    failures: dict[str, int] = {}
    outcomes: dict[str, int] = {}
    with ThreadPoolExecutor(8) as pool:
        for number in range(rounds):
            manifest = _manifest(f"{repository} {number}")
            digest = digest_of(manifest)
            references = [one for name, one in (("digest", digest), ("tag", "t")) if name in deleted]
            assert _put(wire, repository, "t", manifest).status == 201
            requests = [
                *(lambda: _put(wire, repository, "t", manifest) for _ in range(2)),  # noqa: B023  # called within this round
                *(lambda one=one: _delete(wire, repository, one) for one in references),
            ]
            answers = _run_concurrently(pool, random, requests)
            assert all(answer.status in {201, 202, 404} for answer in answers), answers
            state, failed = _outcome(wire, repository, digest)
            outcomes[state] = outcomes.get(state, 0) + 1
            for one in failed:
                failures[one] = failures.get(one, 0) + 1
    print(f"{workers.name}: {rounds} rounds with deletions of {deleted}: {outcomes}, failures: {failures}")  # noqa: T201  # for manual runs, with -s
    assert failures == {}


def _run_concurrently(pool: ThreadPoolExecutor, random: Random, requests: list[Callable[[], Answer]]) -> list[Answer]:
    """Make requests that start almost simultaneously, apart from a few milliseconds."""
    barrier = Barrier(len(requests))

    def make(request: Callable[[], Answer], delay: float) -> Answer:
        barrier.wait()
        time.sleep(delay)
        return request()

    delays = [random.random() * LONGEST_HEAD_START for _ in requests]
    return list(pool.map(make, requests, delays))


def _outcome(wire: Wire, repository: str, digest: str) -> tuple[str, list[str]]:
    """Return the outcome of a round and its violations, then delete everything."""
    tagged, kept = (wire.manifest(repository, one, "HEAD").status for one in ("t", digest))
    listed = "t" in wire.tags(repository)
    failed = []
    if tagged == 200 and kept == 404:
        failed.append(f"a tag whose digest is 404, {'listed' if listed else 'not listed in the storage'}")
    if listed and tagged == 404:
        failed.append("a tag that is listed but 404")
    if _delete(wire, repository, "t").status != (202 if listed else 404):
        failed.append("a tag that cannot be deleted")
    _delete(wire, repository, digest)
    if wire.tags(repository) or wire.manifest(repository, digest).status != 404:
        failed.append("remaining content")
    return f"tag {tagged}, digest {kept}", failed


def _manifest(text: str) -> bytes:
    """Return an index without children, so that nothing has to be pushed before it."""
    fields = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [], "annotations": {"name": text}}
    return json.dumps(fields).encode()


def _put(wire: Wire, repository: str, reference: str, manifest: bytes) -> Answer:
    return wire.request("PUT", f"/v2/{repository}/manifests/{reference}", manifest, {"Content-Type": OCI_INDEX})


def _delete(wire: Wire, repository: str, reference: str) -> Answer:
    return wire.request("DELETE", f"/v2/{repository}/manifests/{reference}")
