"""Allowed imports, and the maximum size of files."""

from __future__ import annotations

import ast
import statistics
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CONTRACT = {"entrepot_contract", "pydantic", "pluggy", "stevedore"}
KIT = CONTRACT | {"pytest", "_pytest", "hypothesis"}
HOST = CONTRACT | {"entrepot", "falcon", "stevedore", "waitress", "click", "limits", "wcmatch", "yaml"}
HOST |= {"sqlalchemy", "prometheus_client"}  # only for the outbox and its notifier
HOST |= {"pytest"}  # only for the fixture in entrepot.testing
PLUGINS = {
    "auth_htpasswd": {"bcrypt", "cachetools"},
    "auth_token": {"cachetools", "cryptography", "httpx", "joserfc"},
    "notify_webhook": {"httpx"},
    "server_granian": {"granian"},
    "server_gunicorn": {"gunicorn"},
    "storage_azure": {"azure"},
    "storage_fs": set[str](),
    "storage_fsspec": {"fsspec"},
    "storage_gcs": {"google", "google_crc32c", "requests"},
    "storage_layers": {"cryptography"},
    "storage_memory": set[str](),
    "storage_s3": {"boto3", "botocore", "mypy_boto3_s3"},
}
"""The SDK of each plugin."""

EXAMPLES = {"storage_postgres": {"psycopg"}}
"""The SDK of each example."""

BENCHMARKS = KIT | {
    "entrepot",
    "entrepot_benchmarks",
    "pytest_benchmark",
    "matplotlib",
    "jinja2",
    "markupsafe",
    "psutil",
}
BENCHMARKS |= {"click", "falcon", "rich", "yaml"}
FOLDERS = ("contract/src", "host/src", "plugins", "benchmarks/src")
MAX_LINES = 500
MEDIAN_LINES = 120


def modules(folder: str) -> list[Path]:
    """Return the Python files below a directory, without tests."""
    return [path for path in sorted((ROOT / folder).rglob("*.py")) if "tests" not in path.relative_to(ROOT).parts]


def imported(path: Path) -> Iterator[str]:
    """Yield the top-level packages that a file imports, at any level."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def forbidden(paths: list[Path], allowed: set[str]) -> list[str]:
    """Return the imports of files that are neither in the standard library nor allowed."""
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in paths
        for name in sorted(set(imported(path)))
        if name not in allowed and name not in sys.stdlib_module_names
    ]


def test_the_contract_imports_only_pydantic_pluggy_and_stevedore() -> None:
    files = [path for path in modules("contract/src") if "testing" not in path.parts]
    assert files
    assert forbidden(files, CONTRACT) == []


def test_the_kit_imports_only_dependencies_of_the_contract_and_test_tools() -> None:
    files = [path for path in modules("contract/src") if "testing" in path.parts]
    assert files
    assert forbidden(files, KIT) == []


def test_the_host_imports_no_plugin_and_no_sdk() -> None:
    assert modules("host/src")
    assert forbidden(modules("host/src"), HOST) == []


def test_the_benchmarks_import_only_the_host_and_their_dependencies() -> None:
    assert modules("benchmarks/src")
    assert forbidden(modules("benchmarks/src"), BENCHMARKS) == []


def test_every_plugin_is_listed_here() -> None:
    assert {path.parent.name for path in (ROOT / "plugins").glob("*/pyproject.toml")} == set(PLUGINS)


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_plugin_imports_only_the_contract_and_its_own_sdk(plugin: str) -> None:
    folder = f"plugins/{plugin}/src"
    own = {path.name for path in (ROOT / folder).iterdir()}
    assert modules(folder)
    assert forbidden(modules(folder), CONTRACT | own | PLUGINS[plugin]) == []


def test_every_example_is_listed_here() -> None:
    assert {path.parent.name for path in (ROOT / "examples").glob("*/pyproject.toml")} == set(EXAMPLES)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_short_and_imports_only_the_contract_and_its_own_sdk(example: str) -> None:
    files = modules(f"examples/{example}/src")
    own = {path.parent.name for path in files}
    assert forbidden(files, CONTRACT | own | EXAMPLES[example]) == []
    assert 0 < sum(len(path.read_text().splitlines()) for path in files) <= 350


def test_tests_of_a_package_import_no_tests_of_another_package() -> None:
    files = [
        path for folder in ("contract", "host", "plugins", "examples", "benchmarks") for path in modules_all(folder)
    ]
    wrong = []
    for path in files:
        own = path.relative_to(ROOT).as_posix().partition("/tests/")[0].replace("/", ".")
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                package, found, _ = f"{node.module}.".partition(".tests.")
                if found and package != own:
                    wrong.append(f"{path.relative_to(ROOT)} imports {node.module}")
    assert files
    assert wrong == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_files_are_small(folder: str) -> None:
    lines = {path: len(path.read_text().splitlines()) for path in modules(folder)}
    assert [str(path) for path, count in lines.items() if count > MAX_LINES] == []
    assert statistics.median(lines.values()) <= MEDIAN_LINES


def test_no_file_has_a_meaningless_name() -> None:
    vague = {"utils", "helpers", "common", "util", "helper", "misc"}
    folders = ("contract", "host", "plugins", "examples", "benchmarks", "tests")
    files = [path for folder in folders for path in modules_all(folder)]
    assert [str(path) for path in files if path.stem in vague or path.parent.name in vague] == []


def modules_all(folder: str) -> list[Path]:
    """Return all Python files below a directory, including tests."""
    return sorted((ROOT / folder).rglob("*.py"))


def test_a_forbidden_import_is_detected() -> None:
    file = ROOT / "tests" / "test_architecture.py"
    assert forbidden([file], set()) == ["tests/test_architecture.py imports pytest"]


def packages() -> dict[str, Path]:
    """Every package by its name, with the directory that it is imported from."""
    sources = [
        ROOT / "contract/src",
        ROOT / "host/src",
        ROOT / "benchmarks/src",
        *ROOT.glob("plugins/*/src"),
        *ROOT.glob("examples/*/src"),
    ]
    return {
        folder.name: source for source in sources for folder in source.iterdir() if (folder / "__init__.py").exists()
    }


def import_graph(source: Path, package: str) -> dict[str, set[str]]:
    """Each module of a package, with those of the same package that it imports, also for types alone."""
    files = {
        ".".join(path.relative_to(source).with_suffix("").parts).removesuffix(".__init__"): path
        for path in (source / package).rglob("*.py")
    }
    graph: dict[str, set[str]] = {}
    for module, path in files.items():
        found: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = (f"{node.module}.{alias.name}" for alias in node.names)
                found.update(name if name in files else node.module for name in names)
        graph[module] = {name for name in found if name in files and name != module}
    return graph


@pytest.mark.parametrize("package", packages())
def test_no_modules_import_each_other(package: str) -> None:
    graph = import_graph(packages()[package], package)
    assert graph
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the modules


def test_modules_that_import_each_other_are_found(tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package/__init__.py").write_text("")
    (tmp_path / "package/one.py").write_text("from package import two\n")
    (tmp_path / "package/two.py").write_text("def late() -> None:\n    import package.one\n")
    graph = import_graph(tmp_path, "package")
    assert graph == {"package": set(), "package.one": {"package.two"}, "package.two": {"package.one"}}
    with pytest.raises(CycleError):
        TopologicalSorter(graph).prepare()


FORBIDDEN = {
    "registry": {"http", "access", "config", "cli", "notify", "server"},
    "storage": {"registry", "http", "access", "config", "cli", "notify", "server"},
    "access": {"registry", "http", "config", "cli", "notify", "server"},
    "http": {"config", "cli", "notify", "server"},
    "notify": {"registry", "http", "access", "cli", "server"},
    "config": {"registry", "http", "cli", "notify", "server"},
}
"""Each layer of the host, and the layers that it may not import."""


@pytest.mark.parametrize("layer", FORBIDDEN)
def test_a_layer_of_the_host_imports_none_above_it(layer: str) -> None:
    graph = import_graph(ROOT / "host/src", "entrepot")
    wrong = [
        f"{module} imports {name}"
        for module, names in graph.items()
        if module.split(".")[1:2] == [layer]
        for name in sorted(names)
        if name.split(".")[1:2] and name.split(".")[1] in FORBIDDEN[layer]
    ]
    assert wrong == []
