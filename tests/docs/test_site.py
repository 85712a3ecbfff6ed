"""The documentation builds as a site without warnings, every page is in the index, and broken links are detected."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md"))


def build(root: Path, site: Path) -> subprocess.CompletedProcess[str]:
    """Build the site as `make docs` does."""
    command = re.search(r"^docs: .*\n\t\$\(PY\) (.*) docs build/docs$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert command is not None
    run = [sys.executable, *command[1].split(), "docs", str(site)]
    return subprocess.run(run, cwd=root, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site."""
    site = tmp_path_factory.mktemp("site")
    done = build(ROOT, site)
    assert (done.returncode, done.stderr) == (0, "")
    return site


class Links(HTMLParser):
    """Collects the targets of links."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.feed(page.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.targets += [value for name, value in attrs if tag == "a" and name == "href" and value]


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_of_a_page_lead_to_pages_or_to_the_repository(site: Path, page: Path) -> None:
    built = (site / page).with_suffix(".html")
    local = [target.partition("#")[0] for target in Links(built).targets if "://" not in target]
    assert [target for target in local if target.endswith(".md")] == []
    assert [target for target in local if target and not (built.parent / target).exists()] == []


def test_the_navigation_contains_every_page(site: Path) -> None:
    listed = {target.partition("#")[0] for target in Links(site / "index.html").targets}
    top = {f"{page.stem}.html" for page in PAGES if page.parent == Path() and page.stem != "index"}
    assert top <= listed


def test_broken_links_stop_the_build(tmp_path: Path) -> None:
    (tmp_path / "host").mkdir()
    (tmp_path / "docs").mkdir()
    shutil.copy(ROOT / "host/pyproject.toml", tmp_path / "host")
    shutil.copy(ROOT / "docs/conf.py", tmp_path / "docs")
    broken = ("missing.md", "index.md#missing", "../missing.md")
    links = "".join(f"\n[a link]({link})\n" for link in broken)
    (tmp_path / "docs/index.md").write_text(f"# Index\n\n## Reference\n{links}")
    done = build(tmp_path, tmp_path / "site")
    assert done.returncode != 0
    assert len([line for line in done.stderr.splitlines() if "WARNING" in line]) == len(broken), done.stderr
