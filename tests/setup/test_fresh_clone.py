"""In a fresh clone, the command in the README starts a registry that accepts a push."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from support.images import package
from support.push import missing_parts, push_image
from support.services.network import HOST, accepts, free_port
from support.services.process import Service
from support.wire import Wire

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_make_serve_in_a_fresh_clone_serves_a_registry(folder: Path) -> None:
    clone, port = folder / "clone", free_port()
    subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True, timeout=60)
    # The clone must not use the environment of this test run.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("VIRTUAL_ENV", "PYTHON", "MAKE"))}
    env = {**kept, "REGISTRY_HTTP_ADDR": f"{HOST}:{port}"}
    service = Service("make serve", ["make", "serve"], log=folder / "log", env=env, cwd=clone)
    try:
        service.wait_ready(lambda: accepts(port), seconds=240)
        wire, image = Wire(HOST, port), package([b"one layer", b"another"])
        push_image(wire, "fresh/app", image, "latest")
        assert missing_parts(wire, "fresh/app", image, "latest") == []
        assert (clone / "data/docker/registry/v2/repositories/fresh/app/_manifests/tags/latest").is_dir()
        assert f"docker push {HOST}:{port}/alpine" in service.log.read_text()
        installed = subprocess.run(
            [clone / ".venv/bin/entrepot", "plugins"], capture_output=True, text=True, check=True
        )
        assert "filesystem" in installed.stdout
        assert "granian" in installed.stdout
        assert "inmemory" not in installed.stdout, "make serve must install only what it needs"
    finally:
        service.stop()
