"""Follow ``docs/writing-a-driver.md`` up to a pull from a new driver."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final

import pytest
import yaml
from support.content import digest_of
from support.images import OciLayout, Package, package, random_files
from support.services.network import free_port
from support.services.programs import need
from support.services.registry import clean_environment

from entrepot_benchmarks.cli.bench import bench

ROOT: Final = Path(__file__).parents[2]
UV: Final = Path(sys.executable).with_name("uv")
SOURCES: Final = ("contract", "host", "plugins/server_granian")
GUIDE: Final = (ROOT / "docs/writing-a-driver.md").read_text()
MAX_SECONDS: Final = 600
"""The time that the guide promises, and the limit of this test."""

pytestmark = pytest.mark.timeout(MAX_SECONDS + 100)


@dataclass(frozen=True, slots=True)
class Block:
    """A code block of the guide."""

    language: str
    title: str
    text: str


BLOCKS: Final = [
    Block(*found) for found in re.findall(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```', GUIDE, re.DOTALL | re.MULTILINE)
]


@dataclass(frozen=True, slots=True)
class GuideRun:
    """The result of all commands of the guide: their output, the package, the image, and the duration."""

    output: str
    folder: Path
    image: Package
    seconds: float


def wheels(folder: Path) -> Path:
    """Build wheels of the packages that the guide installs, and constraints that select them."""
    for source in SOURCES:
        build = [str(UV), "build", "--quiet", "--wheel", "--out-dir", str(folder), str(ROOT / source)]
        done = subprocess.run(build, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
    constraints = folder / "constraints.txt"
    built = {wheel.name.partition("-")[0].replace("_", "-"): wheel.as_uri() for wheel in folder.glob("*.whl")}
    constraints.write_text("".join(f"{name} @ {uri}\n" for name, uri in built.items()))
    return constraints


def script(image: str, port: int) -> str:
    """Return a script of all blocks in order; the registry runs in the background until the end.

    There are three differences from the guide: pip is uv, which has a cache and needs no network; the image is created
    by
    this test; the port is a free one.
    """
    lines = [
        "set -euo pipefail",
        f'python3() {{ {shlex.quote(sys.executable)} "$@"; }}',
        f'uv() {{ {shlex.quote(str(UV))} "$@"; }}',
        'pip() { uv --offline --quiet pip "$@" 2>/dev/null || uv --quiet pip "$@"; }',
        'skopeo() { command skopeo --insecure-policy "$@"; }',
    ]
    for block in BLOCKS:
        text = block.text.replace("127.0.0.1:5000", f"127.0.0.1:{port}")
        text = text.replace("docker://docker.io/library/alpine", image)
        if block.title == "config.yml":
            lines += ["cat > config.yml <<'END-OF-FILE'", f"{text}END-OF-FILE"]
        elif block.title == "in another terminal":
            lines += [
                f"( exec {text.strip()} ) > serve.log 2>&1 &",
                "registry=$!",
                "trap 'kill $registry 2>/dev/null || true; wait $registry || true; cat serve.log' EXIT",
                f"until (exec 3<>/dev/tcp/127.0.0.1/{port}) 2>/dev/null; do kill -0 $registry; sleep 0.1; done",
            ]
        elif block.language == "sh" and not block.title:
            lines += ['echo; echo "--- after $SECONDS s"', "set -x", text, "{ set +x; } 2>/dev/null"]
    return "\n".join(lines)


@pytest.fixture(scope="module")
def guide_run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> GuideRun:
    """Run all commands of the guide in an empty directory."""
    need(request, "skopeo")
    folder = tmp_path_factory.mktemp("author")
    image = package(random_files("guide", 300_000, 20_000))
    source = OciLayout(folder / "image").add("v1", image)
    (folder / "wheels").mkdir()
    constraints = wheels(folder / "wheels")
    (folder / "follow.sh").write_text(script(source, free_port()))
    kept = {name: value for name, value in os.environ.items() if name.startswith(("UV_", "XDG_CACHE"))}
    cache = subprocess.run([UV, "cache", "dir"], capture_output=True, text=True, check=True).stdout.strip()
    clean = {name: value for name, value in clean_environment(folder / "home").items() if not _of_test_run(name)}
    clean["PYTEST_DEBUG_TEMPROOT"] = str(
        folder
    )  # otherwise pytest would delete the temporary directories of other runs at the end
    began = time.monotonic()
    process = subprocess.Popen(
        ["bash", folder / "follow.sh"],
        cwd=folder,
        env={**clean, **kept, "UV_CACHE_DIR": cache, "UV_CONSTRAINT": str(constraints)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=MAX_SECONDS)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)  # the process group of the script
    seconds = time.monotonic() - began
    assert process.returncode == 0, output
    return GuideRun(output, folder / "entrepot-storage-mybackend", image, seconds)


def _of_test_run(name: str) -> bool:
    """Return whether a variable belongs to the environment of the test run."""
    return name.startswith(("VIRTUAL_ENV", "PYTHON", "PYTEST", "COV_"))


def test_the_commands_take_less_than_ten_minutes(guide_run: GuideRun) -> None:
    print(f"the commands of the guide took {guide_run.seconds:.0f} s")  # noqa: T201 - shown in the log
    assert guide_run.seconds < MAX_SECONDS


def test_the_new_driver_passes_the_whole_kit(guide_run: GuideRun) -> None:
    (driver,) = json.loads((guide_run.folder / "kit.json").read_text())["drivers"]
    assert (driver["driver"], driver["package"]) == ("mybackend", "entrepot-storage-mybackend")
    assert set(driver["summary"]) == {"pass", "not-claimed"}
    assert " failed" not in guide_run.output
    assert "## mybackend (entrepot-storage-mybackend 0.1.0)" in (guide_run.folder / "check.md").read_text()


def test_the_host_lists_the_new_driver(guide_run: GuideRun) -> None:
    assert re.search(r"storage +mybackend +entrepot-storage-mybackend +0\.1\.0 +1\.1 +ok", guide_run.output)


def test_the_pushed_image_is_pulled(guide_run: GuideRun) -> None:
    pulled = {digest_of(file.read_bytes()) for file in (guide_run.folder / "alpine").iterdir()}
    assert pulled >= {guide_run.image.digest, *(digest_of(blob) for blob in guide_run.image.blobs)}


def test_the_badge_is_green_if_the_kit_passes(guide_run: GuideRun) -> None:
    badge = json.loads((guide_run.folder / "badge.json").read_text())
    (driver,) = json.loads((guide_run.folder / "kit.json").read_text())["drivers"]
    assert badge["color"] == "green"
    assert badge["message"].startswith(f"{driver['summary']['pass']} pass")


def test_the_commands_that_take_minutes_are_accepted() -> None:
    (block,) = [block for block in BLOCKS if block.title == "takes minutes"]
    commands = [shlex.split(line) for line in block.text.splitlines()]
    assert [command[0] for command in commands] == ["pip", "pytest", "entrepot"]
    assert "--storage-benchmarks" in commands[1]
    given = bench.make_context("bench", commands[2][2:]).params
    packages = {point.name: point.dist.name for point in entry_points(group="entrepot.storage") if point.dist}
    assert {packages.get(name, "yours") for name in given["backends"]} == {"yours", commands[0][-1]}


def test_every_block_is_run_or_checked() -> None:
    runs = {("sh", ""), ("sh", "in another terminal"), ("sh", "takes minutes"), ("yaml", "config.yml")}
    runs.add(("python", ""))  # by test_documents
    left = [block for block in BLOCKS if (block.language, block.title) not in runs]
    assert [block.title for block in left] == ["publish.yml"]
    assert "pypa/gh-action-pypi-publish" in str(yaml.safe_load(left[0].text)["jobs"])
