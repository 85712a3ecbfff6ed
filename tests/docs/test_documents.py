"""The documentation is correct: its code runs, and all keys, targets and files that it mentions exist."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import bcrypt
import pytest
import yaml
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.jwk import ECKey
from support.certificates import CertificateAuthority

from entrepot.cli import main
from entrepot.config.model import Configuration
from entrepot.config.section import Section

ROOT = Path(__file__).parents[2]
FOLDERS = ("", "docs/**/", "contract/", "host/", "plugins/*/", "examples/*/", "benchmarks/")
DOCUMENTS = sorted(path for folder in FOLDERS for path in ROOT.glob(f"{folder}*.md"))


def blocks(language: str) -> dict[str, str]:
    """Return the code blocks in one language from all documents, by their place."""
    fence = re.compile(rf"^```{language}\n(.*?)^```", re.DOTALL | re.MULTILINE)
    return {
        f"{document.relative_to(ROOT)}-{number}": block
        for document in DOCUMENTS
        for number, block in enumerate(fence.findall(document.read_text()), 1)
    }


@pytest.mark.parametrize("block", blocks("yaml").values(), ids=blocks("yaml"))
def test_a_documented_configuration_is_accepted(block: str, tmp_path: Path) -> None:
    # A page about one section only shows that section.
    _make_files(tmp_path)
    shown = block.replace("/etc/entrepot", str(tmp_path))
    document = {"version": 0.1, "storage": {"inmemory": {}}} | yaml.safe_load(shown)
    file = tmp_path / "config.yml"
    file.write_text(yaml.safe_dump(document))
    result = CliRunner().invoke(main, ["config", "check", "--offline", str(file)])
    assert result.exit_code == 0, result.output


def _make_files(folder: Path) -> None:
    """Create the files that the documents expect in /etc/entrepot."""
    (folder / "htpasswd").write_text(f"alice:{bcrypt.hashpw(b'of the documents', bcrypt.gensalt(4)).decode()}\n")
    (folder / "groups").write_text("devs: alice bob\n")
    (folder / "storage.key").write_text(f"{'5a' * 32}\n")
    key = ec.generate_private_key(ec.SECP256R1())
    private = folder / "token.pem"
    private.touch(mode=0o600)
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    certificates = CertificateAuthority(folder / "ca")
    (folder / "token-server.pem").write_bytes(certificates.ca_path.read_bytes())
    (folder / "jwks.json").write_text(json.dumps({"keys": [ECKey.generate_key("P-256").as_dict(private=False)]}))


@dataclass(frozen=True)
class BlocksRun:
    """The names of the modules with a passed test and of those with a failure, and the output."""

    passed: set[str]
    failed: set[str]
    output: str


FEW = """
def pytest_collection_modifyitems(items):
    items[:] = [item for item in items if not hasattr(item.cls, "contract_kit") or _kept(item)]

def _kept(item):
    return item.function.__module__.rpartition(".")[2] in {"delivering", "lifecycle", "put", "users"}
"""
"""A conftest.py that leaves most of a kit to the tests of the guides, and of the drivers."""


@pytest.fixture(scope="module")
def blocks_run(tmp_path_factory: pytest.TempPathFactory) -> BlocksRun:
    """Run all python blocks, each as a module of its own; one process, because a start takes a second."""
    folder = tmp_path_factory.mktemp("blocks")
    for number, block in enumerate(blocks("python").values()):
        (folder / f"{_module(number)}.py").write_text(block)
    (folder / "conftest.py").write_text(FEW)
    run = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--continue-on-collection-errors",
        "--junit-xml=results.xml",
        "--rootdir",
        str(folder),
        str(folder),
    ]
    result = subprocess.run(run, capture_output=True, text=True, timeout=280, check=False, cwd=folder)
    output = result.stdout + result.stderr
    assert (folder / "results.xml").exists(), output
    passed, failed = set[str](), set[str]()
    for case in ElementTree.parse(folder / "results.xml").iter("testcase"):  # noqa: S314 - written by pytest
        # An error of the import has no class, and the module as its name.
        module = (case.get("classname") or case.get("name") or "").partition(".")[0]
        if case.find("failure") is not None or case.find("error") is not None:
            failed.add(module)
        elif case.find("skipped") is None:
            passed.add(module)
    return BlocksRun(passed, failed, output)


def _module(number: int) -> str:
    return f"test_block{number}"


@pytest.mark.parametrize("number", range(len(blocks("python"))), ids=blocks("python"))
def test_a_documented_python_block_runs_and_its_tests_pass(blocks_run: BlocksRun, number: int) -> None:
    assert _module(number) in blocks_run.passed - blocks_run.failed, blocks_run.output


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_in_a_document_point_to_existing_files(document: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", document.read_text())
    missing = [link for link in links if not (document.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_make_targets_in_a_document_exist(document: Path) -> None:
    targets = set(" ".join(re.findall(r"^([a-z -]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)).split())
    named = set(re.findall(r"(?:^    |`)make ([a-z-]+)", document.read_text(), re.MULTILINE))
    assert named <= targets


def supported(section: type[Section], path: str = "") -> Iterator[str]:
    """Yield the paths of the supported keys."""
    for name, field in section.model_fields.items():
        kind = field.annotation
        inner = next((one for one in (kind, *getattr(kind, "__args__", ())) if _is_section(one)), None)
        place = f"{path}{name}"
        if inner is not None and issubclass(inner, Section):
            yield from supported(inner, f"{place}.")
        elif place not in {"storage.driver", "storage.options"}:
            yield place


def _is_section(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Section)


def unsupported(section: type[Section], path: str = "") -> Iterator[str]:
    """Yield the paths of the keys that are known but not supported."""
    yield from (f"{path}{name}" for name in (*section.later, *section.refused))
    for name, field in section.model_fields.items():
        for kind in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(kind, type) and issubclass(kind, Section):
                yield from unsupported(kind, f"{path}{name}.")


@pytest.mark.parametrize("key", [*supported(Configuration)])
def test_every_supported_configuration_key_is_in_the_reference(key: str) -> None:
    assert f"`{key}`" in (ROOT / "docs/configuration-reference.md").read_text().replace("[]", "")


@pytest.mark.parametrize("key", [*unsupported(Configuration)])
def test_every_unsupported_configuration_key_is_documented(key: str) -> None:
    assert f"`{key}`" in (ROOT / "docs/configuration.md").read_text()
