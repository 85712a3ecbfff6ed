"""The contrast ratio of two colours according to WCAG 2."""

from __future__ import annotations

__all__ = ["contrast"]


def contrast(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    """Return a ratio from 1 (equal) to 21 (black on white); colours are red, green and blue from 0 to 255."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: tuple[int, int, int]) -> float:
    parts = [value / 255 for value in colour]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
