"""The colours of a report, light and dark, as CSS variables that are also used in charts."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BACKENDS", "COLOURS", "KINDS", "PEERS", "Colour", "ink_of", "variable_of", "variables"]


@dataclass(frozen=True, slots=True)
class Colour:
    """A colour with the name of its CSS variable and its hexadecimal values in both themes."""

    name: str
    light: str
    dark: str


_GROUND = (
    Colour("page", "#ffffff", "#14171c"),
    Colour("raised", "#f5f6f8", "#1d2128"),
    Colour("ink", "#1b1f24", "#e8eaed"),
    Colour("muted", "#59616b", "#a3abb5"),
    Colour("rule", "#d9dde2", "#343a43"),
    Colour("accent", "#0b63a8", "#6db8f2"),
    Colour("alarm", "#a3320a", "#f2a27a"),
    Colour("alarm-ground", "#fdf1ea", "#2e211a"),
)

BACKENDS = (
    Colour("backend-0", "#0b6bb5", "#5ab0ee"),
    Colour("backend-1", "#c8500a", "#f08a4b"),
    Colour("backend-2", "#00805d", "#35c29a"),
    Colour("backend-3", "#946200", "#e3b341"),
    Colour("backend-4", "#a8508a", "#de93be"),
    Colour("backend-5", "#4b3fa3", "#a79bf5"),
    Colour("backend-6", "#7a4b2a", "#c79a78"),
)
"""For backends: based on Okabe and Ito, distinguishable for most colour-blind readers."""

PEERS = (Colour("peer-0", "#5c6570", "#a9b2bd"), Colour("peer-1", "#828b95", "#808a96"))

KINDS = (
    Colour("kind-0", "#3a4f86", "#8fa6e6"),
    Colour("kind-1", "#2c8aa8", "#62c3e0"),
    Colour("kind-2", "#7d7d1e", "#c9c75a"),
    Colour("kind-3", "#b84f61", "#ee8f9f"),
    Colour("kind-4", "#176b39", "#5fb57e"),
    Colour("kind-5", "#882255", "#d678a8"),
    Colour("kind-6", "#a07a28", "#d9b66a"),
    Colour("kind-7", "#6a5f8c", "#a89cce"),
)
"""For kinds of requests and calls; different from the colours of targets."""

COLOURS = (*_GROUND, *BACKENDS, *PEERS, *KINDS)

_SENTINELS = {f"#fe{index:02x}7d": colour.name for index, colour in enumerate(COLOURS)}
_INKS = {name: sentinel for sentinel, name in _SENTINELS.items()}


def ink_of(name: str) -> str:
    """Return the placeholder colour of a variable for matplotlib, which only accepts real colours."""
    return _INKS[name]


def variable_of(sentinel: str) -> str:
    """Return the CSS variable for a placeholder colour returned by ``ink_of``."""
    return f"var(--{_SENTINELS[sentinel]})"


def variables() -> str:
    """Return CSS that defines every variable for both themes."""
    light = "".join(f"--{colour.name}:{colour.light};" for colour in COLOURS)
    dark = "".join(f"--{colour.name}:{colour.dark};" for colour in COLOURS)
    return f":root{{color-scheme:light dark;{light}}}@media (prefers-color-scheme:dark){{:root{{{dark}}}}}"
