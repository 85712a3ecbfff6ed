"""Invalid arguments are reported in one line, before anything is started."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.bench import Bench
from support.services.network import free_port
from support.services.programs import need_root

from entrepot.cli import main

SECRET = "h0rse-battery"  # noqa: S105 - of these tests
CLOSED = free_port()

INVALID: Mapping[str, tuple[tuple[str, ...], int, tuple[str, ...]]] = {
    "a driver that is not installed": (("--backend", "nosuch"), 1, ("nosuch", "; installed: ", "filesystem, ")),
    "a file that is not YAML": (("--backend", "filesystem=broken.yml"), 1, ("broken.yml", "line 2")),
    "a missing file": (("--backend", "filesystem=none.yml"), 1, ("file none.yml does not exist",)),
    "options in braces that are not YAML": (("--backend", f"s3={{secretkey: [{SECRET}"), 1, ("not valid YAML",)),
    "an option that does not exist": (("--backend", f"filesystem={{disc: {SECRET}}}"), 1, ("'disc'", "rootdirectory")),
    "an option of the wrong kind": (("--backend", f"filesystem={{maxthreads: {SECRET}}}"), 1, ("maxthreads",)),
    "a driver that needs options": (("--backend", "s3"), 1, ("'bucket'", "s3=OPTIONS.yml")),
    "two backends with the same name": (("--backend", "inmemory", "--backend", "inmemory"), 1, ("LABEL:NAME=CONFIG",)),
    "a backend and a peer with the same name": (
        ("--backend", "inmemory", "--peer", f"inmemory=http://127.0.0.1:{CLOSED}"),
        1,
        ("two targets are named 'inmemory'",),
    ),
    "a pattern that matches no case": (("--case", "Nope*"), 1, ("'Nope*'", "Get Manifest; ", "Pull Blob 256MB")),
    "an invalid number of clients": (("--clients", "0,x"), 2, ("--clients", "1,4,16")),
    "no rounds": (("--rounds", "0"), 2, ("--rounds",)),
    "a result in a missing folder": (("--json", "none/bench.json"), 1, ("none/bench.json", "does not exist")),
    "a report in a missing folder": (("--html", "none/report.html"), 1, ("none/report.html", "does not exist")),
    "a missing folder for the data": (("--data", "none"), 2, ("--data", "does not exist")),
    "prices that are not YAML": (("--prices", "broken.yml"), 1, ("broken.yml", "line 2")),
    "a peer with another protocol": (("--peer", f"ftp://me:{SECRET}@127.0.0.1:{CLOSED}"), 1, ("http://HOST:PORT",)),
    "a peer without a protocol": (("--peer", f"me:{SECRET}@127.0.0.1:{CLOSED}"), 1, ("http://HOST:PORT",)),
    "a peer with a path": (("--peer", f"http://me:{SECRET}@127.0.0.1:{CLOSED}/v2"), 1, ("without a path",)),
    "a peer without a host": (("--peer", f"http://me:{SECRET}"), 1, ("http://HOST:PORT",)),
    "a report of a file that is not a result": (("report", "broken.yml"), 1, ("broken.yml is not JSON",)),
}


@pytest.mark.parametrize("what", INVALID)
def test_invalid_arguments_are_reported_in_one_line_before_anything_starts(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments, status, words = INVALID[what]
    (tmp_path / "broken.yml").write_text("[\n")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["bench", *arguments], prog_name="entrepot")
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == status, result.stderr
    *usage, line = result.stderr.splitlines()
    assert line.startswith("Error: ")
    assert [word for word in words if word not in line] == [], line
    assert [one for one in usage if one and not one.startswith(("Usage: ", "Try "))] == []
    assert result.stdout == ""
    assert SECRET not in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["broken.yml"]


def test_the_command_prints_the_line_and_exits_with_the_status(tmp_path: Path) -> None:
    outcome = Bench(tmp_path).start("--backend", "nosuch").end()
    assert (outcome.status, outcome.output, outcome.errors.count("\n")) == (1, "", 1)
    assert outcome.errors.startswith("Error: no storage plugin is called 'nosuch'; installed: ")


def test_a_read_only_folder_is_reported_before_anything_is_measured(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    need_root(request, "mount a read-only file system")
    place = tmp_path / "read-only"
    place.mkdir()
    subprocess.run(("mount", "-t", "tmpfs", "-o", "ro,size=1m", "tmpfs", str(place)), check=True)
    try:
        for option, file in (("--json", "b.json"), ("--html", "r.html")):
            outcome = Bench(tmp_path).start(option, str(place / file)).end()
            assert (outcome.status, outcome.errors.count("\n")) == (1, 1)
            assert outcome.errors.startswith(f"Error: {place / file} cannot be written")
    finally:
        subprocess.run(("umount", str(place)), check=True)


def test_if_no_target_responds_the_reason_is_reported_for_each(tmp_path: Path) -> None:
    (tmp_path / "closed.yml").write_text(
        f"bucket: b\nregion: us-east-1\nregionendpoint: http://127.0.0.1:{CLOSED}\naccesskey: me\nsecretkey: {SECRET}\n"
    )
    peer = f"http://me:{SECRET}@127.0.0.1:{CLOSED}"
    outcome = Bench(tmp_path).run("--backend", "s3=closed.yml", "--peer", peer, "--case", "Get Manifest")
    assert outcome.status == 1
    line = outcome.errors.splitlines()[-1]
    assert line.startswith("Error: ")
    assert "s3 skipped: " in line
    assert f"127.0.0.1:{CLOSED} skipped: 127.0.0.1:{CLOSED} cannot be reached: Connection refused" in line
    assert SECRET not in outcome.everything()
    assert not list(tmp_path.glob("*.html"))
