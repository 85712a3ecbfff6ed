"""Packages with one defect each: the command and the server name the defect, the package, and what to do."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from host.tests.plugins.conftest import Install
from support.content import digest_of
from support.wire import Wire, WireError

DRIVER = """
    from pydantic import Field
    from entrepot_contract import DriverOptions
    from entrepot_storage_memory import MemoryDriver
    class Options(DriverOptions):
        place: str = "somewhere"
    class Driver(MemoryDriver):
        name = "bad"
        Options = Options
"""
BARE = """
    from entrepot_contract import DriverOptions, StorageDriver
    class Driver(StorageDriver):
        name, contract, Options = "bad", (1, 0), DriverOptions
        def __init__(self, options): pass
"""
AT_START = {
    "wrong-contract": (
        DRIVER + "        contract = (3, 1)\n",
        "it was written for contract 3.1 and 1.1 is supported here; install a newer version of the host, "
        "or a different version than wrong-contract-driver 1.2.3",
    ),
    "missing-verbs": (
        BARE,
        "it does not implement capabilities, put, read, stat, list_objects, move, delete, upload_start, upload_append, "
        "upload_commit, upload_abort, sign_url, health, close; "
        "install a different version than missing-verbs-driver 1.2.3, or contact its author",
    ),
    "wrong-options": (
        DRIVER + "        Options = dict\n",
        "it does not implement Options as a subclass of entrepot_contract.DriverOptions; install a different version "
        "than wrong-options-driver 1.2.3, or contact its author",
    ),
    "import-error": (
        "import no_such_sdk",
        "cannot be imported: ModuleNotFoundError: No module named 'no_such_sdk'; reinstall import-error-driver 1.2.3 "
        "and its dependencies: pip install --force-reinstall import-error-driver",
    ),
    "import-exits": (
        "raise SystemExit('two\\nlines')",
        "cannot be imported: SystemExit: two lines; reinstall import-exits-driver 1.2.3 and its dependencies: "
        "pip install --force-reinstall import-exits-driver",
    ),
}
"""Defects that are found without creating the plugin: source, and the complete message."""
AT_SERVE = [
    pytest.param(
        DRIVER,
        "{bad: {plaec: swordfish}}",
        "bad: configure: unknown option 'plaec', did you mean 'place'? (bad-driver 1.2.3; "
        "`entrepot plugins show bad --kind storage` lists its options)",
        id="unknown option",
    ),
    pytest.param(
        DRIVER + "        def __init__(self, options): raise KeyError('sword' + 'fish')\n",
        "bad",
        "the storage plugin 'bad' raised KeyError when it was created, which is a bug in bad-driver 1.2.3; install "
        "a different version, or contact its author",
        id="exception when made",
    ),
    pytest.param(
        DRIVER + "        @property\n        def capabilities(self): raise KeyError('sword' + 'fish')\n",
        "bad",
        "bad: capabilities: the driver raised KeyError, which is a bug in bad-driver 1.2.3; install another",
        id="exception in capabilities",
    ),
    pytest.param(
        DRIVER + "        @property\n        def capabilities(self): return {}\n",
        "bad",
        "bad: capabilities: are a dict, which is a bug in bad-driver 1.2.3; report it to its author",
        id="no capabilities",
    ),
]


def entrepot(site: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process with a folder of packages on its path."""
    command = [sys.executable, "-m", "entrepot", *arguments]
    around = os.environ | {"PYTHONPATH": str(site), "REGISTRY_HTTP_ADDR": "127.0.0.1:0", "COLUMNS": "120"} | environ
    return subprocess.run(
        command, cwd=site.parent, env=around, capture_output=True, text=True, timeout=150, check=False
    )


@contextmanager
def serving(site: Path, server: str = "waitress") -> Iterator[tuple[Wire, Path]]:
    """Serve with the bad driver; yields a client of the host, and the file of its log."""
    log = site.parent / "log"
    environ = {"PYTHONPATH": str(site), "REGISTRY_HTTP_ADDR": "127.0.0.1:0", "REGISTRY_STORAGE": "bad"}
    environ |= {"REGISTRY_HTTP_SERVER": server, "REGISTRY_HTTP_WORKERS": "1"}
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "entrepot", "serve"],
            cwd=site.parent,
            env=os.environ | environ,
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert process.stderr is not None
    try:
        said = ""
        for line in process.stderr:
            said += line
            if "ready at" in line:
                break
        else:
            raise AssertionError(said)
        address = urlsplit(line.split()[-1])
        assert address.hostname is not None
        assert address.port is not None
        yield Wire(address.hostname, address.port), log
    finally:
        process.terminate()
        rest = process.stderr.read()
        process.wait(20)
        process.stderr.close()
        with log.open("a") as out:
            out.write(rest)


def test_unusable_packages_are_listed_with_their_errors_beside_others(install: Install, tmp_path: Path) -> None:
    for name, (source, _) in AT_START.items():
        install(f"{name}-driver", source, storage={name: "Driver"})
    listed = entrepot(tmp_path / "site", "plugins")
    assert (listed.returncode, listed.stderr) == (0, "")
    lines = listed.stdout.splitlines()
    said = " ".join(listed.stdout.split())
    for name, (_, sentence) in AT_START.items():
        assert f"storage {name} {name}-driver 1.2.3" in said
        assert re.search(rf"unusable error: {re.escape(sentence)} (storage|auth) ", said)
    assert any(line.startswith("storage  filesystem ") and line.endswith(" ok") for line in lines)


@pytest.mark.parametrize("name", AT_START)
def test_an_unusable_package_is_reported_at_the_start(install: Install, tmp_path: Path, name: str) -> None:
    source, sentence = AT_START[name]
    install(f"{name}-driver", source, storage={name: "Driver"})
    started = entrepot(tmp_path / "site", "serve", REGISTRY_STORAGE=name)
    assert started.returncode == 1
    (line,) = (line for line in started.stderr.splitlines() if line.startswith("Error: "))
    between = "" if sentence.startswith("cannot ") else "cannot be used: "
    assert line == f"Error: the storage plugin {name!r} {between}{sentence} (set by REGISTRY_STORAGE)"
    assert "Traceback" not in started.stderr


@pytest.mark.parametrize(("source", "storage", "sentence"), AT_SERVE)
def test_a_defect_found_only_at_the_start_is_one_line_without_values(
    install: Install, tmp_path: Path, source: str, storage: str, sentence: str
) -> None:
    install("bad-driver", source, storage={"bad": "Driver"})
    started = entrepot(tmp_path / "site", "serve", REGISTRY_STORAGE=storage)
    assert started.returncode == 1
    errors = [line for line in started.stderr.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1
    assert sentence in errors[0]
    assert "Traceback" not in started.stderr
    assert "swordfish" not in started.stderr + started.stdout


def test_an_exception_other_than_storage_error_is_a_500_and_the_log_names_the_package(
    install: Install, tmp_path: Path
) -> None:
    source = DRIVER + "        def read(self, key, **_): raise KeyError('sword' + 'fish')\n"
    install("bad-driver", source, storage={"bad": "Driver"})
    with serving(tmp_path / "site") as (wire, log):
        answer = wire.blob("a", f"sha256:{'0' * 64}")
    assert (answer.status, answer.headers["Content-Type"]) == (500, "application/json")
    expected = {
        "code": "UNKNOWN",
        "message": "unknown error",
        "detail": "the storage failed; see the log of the registry",
    }
    assert answer.json() == {"errors": [expected]}
    said = log.read_text()
    assert "bad: read " in said
    assert "the driver raised KeyError, which is a bug in bad-driver 1.2.3; install another version" in said
    assert "swordfish" not in said


@pytest.mark.parametrize("server", ["waitress", "granian"])
def test_a_reader_that_ends_early_truncates_the_response_and_the_log_names_the_package(
    install: Install, tmp_path: Path, server: str
) -> None:
    source = (
        DRIVER
        + """
        def read(self, key, *, offset=0, length=None):
            reader = super().read(key, offset=offset, length=length)
            if reader.info.size < 1000:
                return reader
            class Short:
                info = reader.info
                def __iter__(self):
                    yield b"".join(reader)[:-5]
                def close(self):
                    reader.close()
                def __enter__(self):
                    return self
                def __exit__(self, *_):
                    reader.close()
            return Short()
"""
    )
    install("bad-driver", source, storage={"bad": "Driver"})
    with serving(tmp_path / "site", server) as (wire, log):
        digest = digest_of(bytes(400_000))
        assert wire.push_blob("a", bytes(400_000)).status == 201
        with pytest.raises(WireError):
            wire.blob("a", digest)
    said = log.read_text()
    key = f"docker/registry/v2/blobs/sha256/{digest[7:9]}/{digest[7:]}/data"
    assert (
        f"bad: read {key}: the reader ended 5 bytes early without an error: the object is damaged, or this is a "
        "bug in bad-driver 1.2.3; compare the object's size in the store, or report it to its author"
    ) in said
