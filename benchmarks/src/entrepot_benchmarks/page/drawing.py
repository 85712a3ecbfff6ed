"""Inline SVG from matplotlib figures, with the page's colours and font, and unique ids."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from xml.etree import ElementTree

from markupsafe import Markup
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from entrepot_benchmarks.page.theme import ink_of, variable_of

__all__ = ["Box", "Canvas", "Chart", "drawing", "fit"]

SENTINEL = re.compile(r"#fe[0-9a-f]{2}7d")
FAMILY = re.compile(r"font-family: [^;]*;? ?")
DECIMALS = re.compile(r"\d+\.\d{3,}")
REFERENCE = re.compile(r"url\(#([^)]*)\)")
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
NOT_IN_XML = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
POINTS_PER_INCH = 72

_DEFAULTS = {
    "svg.fonttype": "none",
    "svg.hashsalt": "entrepot",
    "text.parse_math": False,
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "x",
    "grid.linewidth": 0.8,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.minor.size": 0,
    "hatch.linewidth": 1.2,
}
_INKS = {
    "page": ("figure.facecolor", "axes.facecolor"),
    "rule": ("axes.edgecolor", "grid.color"),
    "ink": ("text.color", "ytick.labelcolor", "axes.labelcolor"),
    "muted": ("xtick.labelcolor", "xtick.color", "ytick.color"),
}


@dataclass(frozen=True, slots=True)
class Box:
    """The size and margins of a figure, in CSS pixels."""

    width: float
    height: float
    left: float = 0
    right: float = 0
    top: float = 0
    bottom: float = 0


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawn chart and its caption."""

    svg: Markup
    caption: str = ""


@dataclass(slots=True)
class Canvas:
    """Draws the figures of a page, one after the other. Use it within ``drawing``."""

    _drawn: int = 0
    _figure: Figure = field(default_factory=Figure)

    def axes(self, box: Box) -> Axes:
        """Return empty axes in a new figure, which ``finish`` completes."""
        self._figure = figure = Figure(figsize=(box.width / POINTS_PER_INCH, box.height / POINTS_PER_INCH))
        figure.patch.set_visible(False)
        width, height = box.width - box.left - box.right, box.height - box.top - box.bottom
        place = (box.left / box.width, box.bottom / box.height, width / box.width, height / box.height)
        return figure.add_axes(place)

    def finish(self, words: str | None) -> Markup:
        """Return the figure as SVG, with ``words`` as text alternative, or hidden from screen readers if None."""
        self._drawn += 1
        written = StringIO()
        self._figure.savefig(written, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
        text = NOT_IN_XML.sub("\ufffd", written.getvalue())
        root = ElementTree.fromstring(text)  # noqa: S314 - matplotlib wrote it
        _inline(root, f"c{self._drawn}-")
        root.attrib.update({"role": "img", "aria-label": words} if words else {"aria-hidden": "true"})
        return Markup(ElementTree.tostring(root, encoding="unicode", method="html"))  # noqa: S704 - escaped by it


@contextmanager
def drawing() -> Iterator[Canvas]:
    """Provide a canvas whose output does not depend on the user's matplotlib configuration."""
    inks = {key: ink_of(name) for name, keys in _INKS.items() for key in keys}
    with style.context({**_DEFAULTS, **inks}, after_reset=True), warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message="Glyph .* missing", category=UserWarning
        )  # the browser's font is used
        yield Canvas()


def fit(text: str, most: int) -> str:
    """Shorten a name to at most ``most`` characters; tables contain the full name."""
    text = UNPRINTABLE.sub("\ufffd", text)
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def _inline(root: ElementTree.Element, prefix: str) -> None:
    for parent in root.iter():
        for child in list(parent):
            if child.tag.endswith(("}style", "}metadata")):  # a style would apply to the whole page
                parent.remove(child)
    wanted = {name for element in root.iter() for value in element.attrib.values() for name in REFERENCE.findall(value)}
    wanted |= {value[1:] for element in root.iter() for key, value in element.attrib.items() if key.endswith("href")}
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        attributes = {key.rpartition("}")[2]: value for key, value in element.attrib.items()}
        if attributes.get("id") not in wanted:
            attributes.pop("id", None)
        element.attrib.clear()
        element.attrib.update({key: _attribute(key, value, prefix) for key, value in attributes.items()})
        if (fill := element.attrib.get("fill", "")).startswith(
            "var("
        ):  # variables are only supported everywhere in a style
            element.attrib["style"] = f"fill: {fill}; {element.attrib.pop('style', '')}"
            del element.attrib["fill"]
    _, _, width, height = root.attrib.pop("viewBox").split()
    root.attrib.update({"viewBox": f"0 0 {width} {height}", "width": width, "height": height, "class": "chart"})
    root.attrib.pop("version", None)


def _attribute(key: str, value: str, prefix: str) -> str:
    if key == "id":
        return f"{prefix}{value}"
    if key == "href":
        return f"#{prefix}{value[1:]}"
    if key in ("d", "x", "y", "transform"):
        return DECIMALS.sub(lambda found: f"{float(found[0]):.2f}", value)
    if key == "style":  # the page sets the font
        value = FAMILY.sub("", value)
    return SENTINEL.sub(lambda found: variable_of(found[0]), REFERENCE.sub(rf"url(#{prefix}\1)", value))
