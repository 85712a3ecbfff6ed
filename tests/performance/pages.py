"""Time to list all pages of a catalog and of a tag list, for entrepot and Docker Distribution on the same filesystem.

``python -m performance.pages`` prints both times and their ratio as a Markdown table. The tree is written
directly, and each program lists it in a newly started process.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import click

from entrepot_benchmarks.cli.files import errors_in_one_line
from entrepot_benchmarks.load.wire import Connection, Origin
from entrepot_benchmarks.targets.configuration import write_configuration
from entrepot_benchmarks.targets.process import ServerProcess, free_port, require

__all__ = ["main", "make_tree"]

TEAM: Final = 300
"""Number of repositories with the same first component, for the half with two components."""

TAGGED: Final = "tagged"
MAX_RATIO: Final = 2.0
"""Maximum time of entrepot relative to that of the peer."""


def make_tree(root: Path, repositories: int, tags: int) -> None:
    """Write repositories with one tag each, half of them nested, and one repository with many tags."""
    base = root / "docker/registry/v2/repositories"
    nested = repositories // 2
    for number in range(repositories - nested):
        _repository(base / f"repo-{number:06}", ["latest"])
    for number in range(nested):
        _repository(base / f"team-{number // TEAM:03}" / f"app-{number % TEAM:03}", ["latest"])
    _repository(base / TAGGED, (f"v{number // 1000}.{number // 10 % 100}.{number % 10}" for number in range(tags)))


def _repository(folder: Path, tags: Sequence[str] | Iterator[str]) -> None:
    digest, layer = (sha256(f"{kind} of {folder.name}".encode()).hexdigest() for kind in ("manifest", "layer"))
    _link(folder / "_layers/sha256" / layer, layer)
    _link(folder / "_manifests/revisions/sha256" / digest, digest)
    for tag in tags:
        _link(folder / "_manifests/tags" / tag / "current", digest)
        _link(folder / "_manifests/tags" / tag / "index/sha256" / digest, digest)


def _link(folder: Path, digest: str) -> None:
    folder.mkdir(parents=True)
    (folder / "link").write_text(f"sha256:{digest}")


def _all_pages(origin: Origin, path: str, field: str, size: int) -> tuple[float, int]:
    """Return the time to get all pages in seconds, and the number of names."""
    found, following = 0, f"{path}?n={size}"
    with Connection(origin) as connection:
        began = time.perf_counter()
        while following:
            answer = connection.request("GET", following, expect=200)
            found += len(json.loads(answer.body)[field])
            link = answer.headers.get("link", "")
            following = link[link.find("<") + 1 : link.find(">")] if link else ""
            if following.startswith("http"):
                following = "/" + following.split("/", 3)[3]
        return time.perf_counter() - began, found


def _cold(command: Sequence[str], root: Path, folder: Path, case: tuple[str, str, int]) -> tuple[float, int]:
    port = free_port()
    config = write_configuration(folder, port, {"filesystem": {"rootdirectory": str(root)}})
    with ServerProcess([*command, str(config)], port, folder / "server.log"):
        return _all_pages(Origin("127.0.0.1", port), *case)


@click.command()
@click.option("--repositories", default=100_000, show_default=True, type=click.IntRange(1))
@click.option("--tags", default=100_000, show_default=True, type=click.IntRange(1))
@click.option(
    "--peer", default="docker-registry", show_default=True, metavar="PROGRAM", help="Program of Docker Distribution."
)
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Folder for the tree.")
def main(repositories: int, tags: int, peer: str, data: Path | None) -> None:
    """Compare the time to list all pages of a catalog and of tags, cold, with Docker Distribution."""
    with errors_in_one_line(), TemporaryDirectory(dir=data) as name:
        program = require(peer, "docker-registry")
        folder = Path(name)
        click.echo(f"creating {repositories} repositories and {tags} tags", err=True)
        make_tree(folder / "tree", repositories, tags)
        sides = {"entrepot": [sys.executable, "-m", "entrepot", "serve"], "peer": [program, "serve"]}
        cases = chain(
            (("/v2/_catalog", "repositories", size) for size in (100, 1000)),
            [(f"/v2/{TAGGED}/tags/list", "tags", 1000)],
        )
        click.echo("| all pages of | names per page | entrepot, s | peer, s | ratio | aim |")
        click.echo("| --- | ---: | ---: | ---: | ---: | --- |")
        for case in cases:
            # The tree is in the page cache for both, because it has just been written; the processes are new.
            measured = {side: _cold(command, folder / "tree", folder / side, case) for side, command in sides.items()}
            (ours, found), (theirs, also) = measured["entrepot"], measured["peer"]
            if found != also:
                click.echo(f"{case[0]}: entrepot lists {found} names, the peer {also}", err=True)
            met = "reached" if ours <= MAX_RATIO * theirs else "**short**"
            click.echo(
                f"| `{case[0]}` | {case[2]} | {ours:.2f} | {theirs:.2f} | {ours / theirs:.2f} | ≤ {MAX_RATIO} {met} |"
            )
        shutil.rmtree(folder / "tree", ignore_errors=True)


if __name__ == "__main__":
    main(prog_name="python -m performance.pages")
