"""Follow ``docs/tutorial.md``: run its commands, with the programs in its terminals in the background."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
from support.content import digest_of
from support.images import OciLayout, package, random_files
from support.services.network import accepts, free_port
from support.services.process import Service
from support.services.programs import need
from support.services.registry import clean_environment

from entrepot_contract.testing.server.running import eventually

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs/tutorial.md").read_text()
BLOCKS: Final[list[tuple[str, str, str]]] = re.findall(
    r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```', PAGE, re.DOTALL | re.MULTILINE
)
"""Language, title and text of each code block."""

IMAGE: Final = package(random_files("tutorial", 20_000, 300))
PORTS: Final = {"5000": "terminal 1", "5001": "terminal 2", "5002": "terminal 3"}
"""The port on which a program in a terminal listens."""

NOT_RUN: Final = {"install"}
"""The package is installed in the environment of the tests."""


@dataclass
class Reader:
    """Follows the page in a directory of its own, with an image instead of Docker Hub and with free ports."""

    folder: Path
    image: str
    terminals: dict[str, Service] = field(default_factory=dict)
    output: dict[str, str] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=lambda: {port: free_port() for port in PORTS})

    @property
    def environment(self) -> dict[str, str]:
        """The variables of all commands."""
        return clean_environment(self.folder / "home")

    def follow(self, language: str, title: str, text: str) -> None:
        """Do what a code block shows."""
        text = self.translated(text)
        if language != "sh":
            name, _, added = title.partition(", ")
            with (self.folder / name).open("a" if added else "w") as file:
                file.write(text)
        elif title in PORTS.values():
            self.run_in_terminal(title, text)
        elif title not in NOT_RUN:
            expected = title.removeprefix("until ")
            assert eventually(lambda: expected in self.record(text), seconds=30), self.output[text]

    def translated(self, text: str) -> str:
        """Replace what differs from a new checkout: programs, ports, and the image on Docker Hub."""
        text = text.replace("docker://docker.io/library/alpine", self.image)
        text = text.replace("make serve", f"REGISTRY_HTTP_ADDR=127.0.0.1:{self.ports['5000']} .venv/bin/entrepot serve")
        text = text.replace(".venv/bin/entrepot", f"{shlex.quote(sys.executable)} -m entrepot")
        text = re.sub("^python3", shlex.quote(sys.executable), text).replace("skopeo ", "skopeo --insecure-policy ")
        return re.sub("|".join(self.ports), lambda found: str(self.ports[found[0]]), text)

    def record(self, text: str) -> str:
        """Run commands, and keep and return their output."""
        done = subprocess.run(
            ["bash", "-euxo", "pipefail", "-c", text],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        self.output[text] = done.stdout
        return done.stdout

    def run_in_terminal(self, title: str, text: str) -> None:
        """Stop the program in a terminal, and start another one."""
        if (running := self.terminals.pop(title, None)) is not None:
            running.stop()
        port = next(self.ports[number] for number, name in PORTS.items() if name == title)
        log, command = self.folder / f"{title}.log", ["bash", "-c", re.sub(r"^((?:\w+=\S+ )*)", r"\1exec ", text)]
        service = Service(title, command, log=log, env=self.environment, cwd=self.folder)
        self.terminals[title] = service
        service.wait_ready(lambda: accepts(port))

    def close(self) -> None:
        """Stop all programs."""
        for service in self.terminals.values():
            service.stop()


@pytest.fixture(scope="module")
def reader(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """Follow the page to its end."""
    need(request, "skopeo", "curl")
    folder = tmp_path_factory.mktemp("tutorial")
    (folder / "build").mkdir()
    reader = Reader(folder, OciLayout(folder / "image").add("latest", IMAGE))
    try:
        for block in BLOCKS:
            reader.follow(*block)
        yield reader
    finally:
        reader.close()


def test_the_image_is_pulled(reader: Reader) -> None:
    pulled = {digest_of(file.read_bytes()) for file in (reader.folder / "build/alpine").iterdir()}
    assert pulled >= {IMAGE.digest, *(digest_of(blob) for blob in IMAGE.blobs)}


def test_the_configuration_is_accepted(reader: Reader) -> None:
    assert "build/tutorial.yml can be served\n" in "".join(reader.output.values())


def test_the_deletion_is_seen_by_both_hosts(reader: Reader) -> None:
    (printed,) = [text for command, text in reader.output.items() if "--request DELETE" in command]
    assert json.loads(printed.splitlines()[-1])["tags"] in (None, [])


def test_the_event_of_the_push_is_received(reader: Reader) -> None:
    assert "received: push team/app v2\n" in reader.terminals["terminal 3"].output()


def test_the_command_of_terminal_1_serves_on_the_port_of_the_page() -> None:
    # tests/setup/test_fresh_clone.py runs this command in a new clone.
    assert ("sh", "terminal 1", "make serve\n") in BLOCKS
    assert os.path.isdir(ROOT / "plugins/notify_webhook")
