"""Selection of backends, and messages for those that cannot be measured."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.selection import (
    Backend,
    chosen_backends,
    default_backends,
    parse_backend,
    passed_over,
)

DRIVERS = """
from pathlib import Path
from pydantic import Field, SecretStr, model_validator
from entrepot_contract import DriverOptions
from entrepot_storage_memory import MemoryDriver

def driver(label, options):
    return type(label, (MemoryDriver,), {"name": f"sel-{label}", "Options": options})

class Folder(DriverOptions):
    folder: str

class Places(DriverOptions):
    data: Path
    index: Path = Path("/var/lib/index")
    level: int = 3

class Home(DriverOptions):
    where: str = "/var/lib/home"

class Token(DriverOptions):
    token: SecretStr
    limit: int = 1

class Either(DriverOptions):
    account: str = ""

    @model_validator(mode="after")
    def _one(self):
        if not self.account:
            raise ValueError("account or socket is required")
        return self

class Moody(MemoryDriver):
    name = "sel-moody"

    def __init__(self, options):
        raise RuntimeError("secret-of-the-test")

Folder_, Places_, Home_, Token_, Either_ = (
    driver(label, options)
    for label, options in
    [("folder", Folder), ("places", Places), ("home", Home), ("token", Token), ("either", Either)]
)
"""
POINTS = """[entrepot.storage]
sel-again = sel_drivers:Folder_
sel-folder = sel_drivers:Folder_
sel-places = sel_drivers:Places_
sel-home = sel_drivers:Home_
sel-token = sel_drivers:Token_
sel-either = sel_drivers:Either_
sel-moody = sel_drivers:Moody
sel-gone = sel_gone:Driver
"""


@pytest.fixture(scope="module", autouse=True)
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with an installed package that provides drivers."""
    site = tmp_path_factory.mktemp("site")
    package = site / "sel_drivers-1.2.dist-info"
    package.mkdir()
    (site / "sel_drivers.py").write_text(DRIVERS)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: sel-drivers\nVersion: 1.2\n")
    (package / "entry_points.txt").write_text(POINTS)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(site)
        yield site
    sys.modules.pop("sel_drivers", None)


def test_drivers_without_required_options_get_temporary_folders() -> None:
    found = {backend.driver: backend.options for backend in default_backends()}
    assert found["inmemory"] == {}
    assert found["filesystem"] == {"rootdirectory": "{tmp}"}
    assert found["sel-folder"] == {"folder": "{tmp}"}
    assert found["sel-places"] == {"data": "{tmp}/data", "index": "{tmp}/index"}
    assert found["sel-home"] == {"where": "{tmp}"}


def test_a_class_with_two_names_is_selected_once_by_its_own_name() -> None:
    drivers = [backend.driver for backend in default_backends()]
    assert "sel-again" not in drivers
    assert drivers.count("sel-folder") == 1
    assert not any("s3aws" in sentence for sentence in passed_over())


def test_skipped_drivers_are_listed_with_the_option_to_add() -> None:
    messages = "\n".join(passed_over("--storage-backend"))
    assert "s3 skipped: it needs 'bucket'; add --storage-backend s3=OPTIONS.yml" in messages
    assert "sel-token skipped: it needs 'token'; add" in messages
    assert "sel-either skipped: " in messages
    assert "account or socket is required" in messages
    assert "sel-moody skipped: it raises RuntimeError" in messages
    assert "'sel-gone' cannot be imported: ModuleNotFoundError" in messages
    assert "secret-of-the-test" not in messages
    assert not {backend.driver for backend in default_backends()} & {"s3", "sel-token", "sel-either", "sel-moody"}


def test_options_come_from_yaml_json_or_inline(tmp_path: Path) -> None:
    (tmp_path / "o.yml").write_text("folder: '{tmp}/a'\n")
    (tmp_path / "o.json").write_text('{"folder": "/srv/b"}')
    wanted = [
        (f"sel-folder={tmp_path}/o.yml", Backend("sel-folder", "sel-folder", {"folder": "{tmp}/a"})),
        (f"one:sel-folder={tmp_path}/o.json", Backend("one", "sel-folder", {"folder": "/srv/b"})),
        ("two things:sel-folder={folder: /srv/c:d=e}", Backend("two things", "sel-folder", {"folder": "/srv/c:d=e"})),
        ("filesystem={rootdirectory: /srv/x}", Backend("filesystem", "filesystem", {"rootdirectory": "/srv/x"})),
        ("s3aws={bucket: b}", Backend("s3aws", "s3aws", {"bucket": "b"})),
        ("inmemory={}", Backend("inmemory", "inmemory", {})),
        ("inmemory", Backend("inmemory", "inmemory", {})),
        ("disk:filesystem", Backend("disk", "filesystem", {"rootdirectory": "{tmp}"})),
    ]
    for text, backend in wanted:
        assert parse_backend(text) == backend, text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "expected NAME=CONFIG or LABEL:NAME=CONFIG"),
        ("={a: b}", "expected NAME=CONFIG"),
        ("a:b:filesystem={}", "expected NAME=CONFIG"),
        ("filesistem={secret: hidden-word}", r"called 'filesistem'; installed: .*filesystem.*did you mean 'filesys"),
        ("sel-gone={}", "'sel-gone' cannot be imported: ModuleNotFoundError"),
        ("sel-token", "'sel-token' needs options: it needs 'token'; pass them as sel-token=OPTIONS.yml"),
        ("sel-token={limit: 2}", "the options of 'sel-token' are invalid: .*'token' is required"),
        ("sel-token={tokn: hidden-word}", "the options of 'sel-token' are invalid: .*did you mean 'token'"),
        ("mine:sel-token={token: [hidden-word]}", "the options of 'mine' are invalid: .*option 'token'"),
        ("sel-moody={}", "'sel-moody' raised RuntimeError for the options of 'sel-moody'$"),
        ("sel-token={token: hidden-word", r"the text after sel-token= is not valid YAML at line 1, column \d+; values"),
        ("sel-token={token: {tmp}/hidden-word}", "is not valid YAML at line 1, column .*must be quoted"),
        ("sel-token={token: *hidden-word}", "is not valid YAML"),
        ("sel-token={token: !hidden-word x}", "is not valid YAML"),
        ("sel-token=hidden-word", "the text after sel-token= must be a mapping of the options of 'sel-token'"),
        ("sel-token=[hidden-word]", "the text after sel-token= must be a mapping of the options"),
        ("sel-token={1: hidden-word}", "the text after sel-token= must be a mapping of the options"),
        ("sel-token=", "the text after sel-token= must be a mapping of the options"),
        ("sel-token=nowhere/options.yml", "cannot be read: file nowhere/options.yml does not exist"),
    ],
)
def test_an_invalid_backend_is_reported_in_one_line_without_values(text: str, reason: str) -> None:
    with pytest.raises(BenchmarkError, match=reason) as caught:
        parse_backend(text)
    assert "\n" not in str(caught.value)
    assert "hidden-word" not in str(caught.value)


def test_a_malformed_file_is_reported_without_its_content(tmp_path: Path) -> None:
    (tmp_path / "o.yml").write_text("bucket: b\nsecretkey: 'hidden-word\n")
    with pytest.raises(BenchmarkError, match=r"o.yml is not valid YAML at line \d") as caught:
        parse_backend(f"s3={tmp_path}/o.yml")
    assert "hidden-word" not in str(caught.value)
    (tmp_path / "o.yml").write_bytes(b"\xff\xfe\xfd")
    with pytest.raises(BenchmarkError, match=r"o.yml is not valid YAML"):
        parse_backend(f"s3={tmp_path}/o.yml")


def test_the_repr_does_not_contain_values() -> None:
    assert "hidden-word" not in repr(parse_backend("sel-token={token: hidden-word}"))


def test_labels_are_unique() -> None:
    with pytest.raises(BenchmarkError, match=r"two backends are named 'inmemory': .*LABEL:NAME=CONFIG"):
        chosen_backends(["inmemory", "inmemory={}"])
    assert [backend.label for backend in chosen_backends(["inmemory", "again:inmemory"])] == ["inmemory", "again"]
    assert chosen_backends([]) == default_backends()


def test_nothing_to_measure_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("entrepot_benchmarks.selection.claims", lambda _: [])
    with pytest.raises(BenchmarkError, match="no storage driver can be measured"):
        chosen_backends([])


values = st.recursive(
    st.none() | st.integers() | st.text() | st.sampled_from(["{tmp}", "a{tmp}/b{tmp}"]),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@settings(deadline=None)
@given(st.dictionaries(st.text(), values))
def test_the_placeholder_is_replaced_by_the_folder_everywhere(options: dict[str, object]) -> None:
    backend = Backend("label", "driver", options)
    placed = backend.placed("/folder")
    assert "{tmp}" not in [*strings(list(placed.values()))]
    assert backend.placed("{tmp}") == options
    assert backend.needs_folder == any("{tmp}" in text for text in strings(list(options.values())))


def strings(value: object) -> Iterator[str]:
    """Yield all strings in a value, except keys."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from strings(list(value.values()))
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)
