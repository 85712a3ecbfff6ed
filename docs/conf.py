"""Sphinx's configuration: builds the site from the Markdown files in this folder.

The pages contain no directives, so that they can be read on any Git host. The navigation is therefore taken from the
links in ``index.md``, and links to files outside this folder become links to the repository.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from sphinx.application import Sphinx
from sphinx.util import logging

ROOT: Final = Path(__file__).parents[1]
HOST: Final = tomllib.loads((ROOT / "host/pyproject.toml").read_text())["project"]
REPOSITORY: Final = HOST["urls"]["Source"].partition("/tree/")[0]

project = "entrepot"
author = "the authors of entrepot"
version = release = HOST["version"]
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = "index"
exclude_patterns = ["conf.py"]
myst_heading_anchors = 3
nitpicky = True
html_theme = "alabaster"
html_theme_options = {"description": HOST["description"], "page_width": "70rem", "sidebar_width": "17rem"}
html_title = f"{project} {version}"
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False

_SECTION: Final = re.compile(r"^## (.+)$", re.MULTILINE)
_LISTED: Final = re.compile(r"^- \[[^\]]+\]\(([^)#:]+)\.md\)", re.MULTILINE)
_BESIDE: Final = re.compile(r"\]\(([^)#:/]+)\.md\)")
_OUTSIDE: Final = re.compile(r"\]\((\.\./[^)#\s]+)(#[^)\s]*)?\)")
_log: Final = logging.getLogger(__name__)


def toctree(pages: Sequence[str], caption: str = "") -> str:
    """Return a hidden table of contents, which puts pages into the navigation."""
    options = [":hidden:", f":caption: {caption}"] if caption else [":hidden:"]
    return "\n".join(("\n```{toctree}", *options, "", *pages, "```", ""))


def navigation(docname: str, text: str) -> str:
    """Return the tables of contents of a page: of the index, one for each section; of a README, the pages beside it."""
    if docname == "index":
        _, *parts = _SECTION.split(text)
        sections = zip(parts[::2], parts[1::2], strict=True)
        return "".join(toctree(_LISTED.findall(body), title) for title, body in sections)
    return toctree(_BESIDE.findall(text)) if docname.endswith("/README") else ""


def with_outside_links(docname: str, text: str) -> str:
    """Return a page in which links to files outside of this folder point to the repository."""
    folder = (ROOT / "docs" / docname).parent

    def replace(found: re.Match[str]) -> str:
        target = (folder / found[1]).resolve()
        if target.is_relative_to(ROOT / "docs"):
            return found[0]
        if not target.exists():
            _log.warning("link to a missing file: %s", found[1], location=docname)
        kind = "tree" if target.is_dir() else "blob"
        return f"]({REPOSITORY}/{kind}/main/{target.relative_to(ROOT)}{found[2] or ''})"

    return _OUTSIDE.sub(replace, text)


def read(app: Sphinx, docname: str, source: list[str]) -> None:
    """Handle Sphinx's event ``source-read``."""
    source[0] = with_outside_links(docname, source[0]) + navigation(docname, source[0])


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the event handler."""
    app.connect("source-read", read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
