"""Both themes have a contrast of at least 4.5 for text and 3 for graphics."""

from __future__ import annotations

from typing import Literal

import pytest

from entrepot_benchmarks.page.theme import BACKENDS, COLOURS, KINDS, PEERS, Colour

from .contrast import contrast

NAMED = {colour.name: colour for colour in COLOURS}
Theme = Literal["light", "dark"]


def rgb(colour: Colour, theme: Theme) -> tuple[int, int, int]:
    text = colour.light if theme == "light" else colour.dark
    red, green, blue = bytes.fromhex(text.removeprefix("#"))
    return red, green, blue


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        *((ink, ground) for ink in ("ink", "muted", "accent") for ground in ("page", "raised")),
        ("alarm", "alarm-ground"),
        ("ink", "alarm-ground"),
        ("alarm", "page"),
    ],
)
def test_text_has_sufficient_contrast(theme: Theme, ink: str, ground: str) -> None:
    assert contrast(rgb(NAMED[ink], theme), rgb(NAMED[ground], theme)) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("colour", [*BACKENDS, *PEERS, *KINDS], ids=lambda colour: colour.name)
def test_graphics_have_sufficient_contrast(theme: Theme, colour: Colour) -> None:
    assert contrast(rgb(colour, theme), rgb(NAMED["page"], theme)) >= 3


def test_no_two_colours_of_a_theme_are_the_same() -> None:
    for theme in ("light", "dark"):
        assert len({getattr(colour, theme) for colour in COLOURS}) == len(COLOURS)
