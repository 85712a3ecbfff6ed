"""The legend of the charts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from entrepot_benchmarks.page.bars import draw_bar
from entrepot_benchmarks.page.drawing import Box, Canvas
from entrepot_benchmarks.page.panels import Styles
from entrepot_benchmarks.page.rows import ordered_targets
from entrepot_benchmarks.page.styles import Style
from entrepot_benchmarks.results.model import Run, TargetInfo

__all__ = ["Entry", "legend"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A target with its line and marker, and its bar."""

    target: TargetInfo
    line: Markup
    bar: Markup


def legend(canvas: Canvas, run: Run, styles: Styles) -> Sequence[Entry]:
    """Return an entry for each target, in the order of the charts. Redrawn on each call, because ids must be unique."""
    entries = []
    for target in ordered_targets(run):
        style = styles[target.name]
        entries.append(Entry(target, _line(canvas, style), _bar(canvas, style)))
    return entries


def _line(canvas: Canvas, style: Style) -> Markup:
    axes = canvas.axes(Box(40, 14))
    axes.axis("off")
    axes.plot([0, 2], [0, 0], linestyle=style.line, color=style.ink, linewidth=1.8)
    axes.plot([1], [0], marker=style.marker, color=style.ink, markerfacecolor=style.face, markersize=6)
    axes.set(xlim=(-0.1, 2.1), ylim=(-1, 1))
    return canvas.finish(None)


def _bar(canvas: Canvas, style: Style) -> Markup:
    axes = canvas.axes(Box(28, 14))
    axes.axis("off")
    draw_bar(axes, 0, 1, style, height=1.4)
    axes.set(xlim=(-0.05, 1.05), ylim=(-1, 1))
    return canvas.finish(None)
