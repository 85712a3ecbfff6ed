"""A command-line client with its own home directory and a clean environment."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from support.services.registry import clean_environment

__all__ = ["Client", "ClientError"]


class ClientError(Exception):
    """A client exited with an error. The message contains its command and its output."""


class Client:
    """A program with the arguments that are common to all its calls."""

    def __init__(self, *command: str, folder: Path, env: Mapping[str, str] | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._command = command
        self._env = clean_environment(folder) | dict(env or {})

    def run(self, *arguments: str, seconds: float = 120) -> str:
        """Run the program once and return its standard output.

        Raises ClientError if its exit status is not 0.
        """
        command = (*self._command, *arguments)
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=self._env,
            cwd=self.folder,
            text=True,
            timeout=seconds,
            check=False,
        )
        if done.returncode != 0:
            raise ClientError(f"{' '.join(command)}\nended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout
