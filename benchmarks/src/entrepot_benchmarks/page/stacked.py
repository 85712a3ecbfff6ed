"""Charts of requests or driver calls per client operation, stacked by kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.ticker import MaxNLocator

from entrepot_benchmarks.page.bars import LETTERS, STEP
from entrepot_benchmarks.page.drawing import Box, Canvas, Chart, fit
from entrepot_benchmarks.page.theme import KINDS, ink_of
from entrepot_benchmarks.results.model import OperationCost

__all__ = ["colours_of", "counted", "stacked"]


def counted(cost: OperationCost) -> tuple[Mapping[str, int], str]:
    """Return the requests by kind if known, otherwise the driver calls, and the name of what was counted."""
    return (cost.calls, "driver calls") if cost.requests is None else (cost.requests, "requests")


def colours_of(costs: Sequence[OperationCost]) -> Mapping[str, str]:
    """Return the CSS variable of each kind, the same in every chart."""
    kinds = sorted({kind for cost in costs for kind in counted(cost)[0]})
    return {kind: KINDS[index % len(KINDS)].name for index, kind in enumerate(kinds)}


def stacked(canvas: Canvas, operation: str, costs: Sequence[OperationCost], colours: Mapping[str, str]) -> Chart:
    """Draw one operation on one or more targets."""
    axes = canvas.axes(Box(520, 26 + (STEP + 3) * len(costs), left=190, right=8, top=4, bottom=22))
    descriptions, most = [], 1
    for place, cost in enumerate(costs):
        kinds, what = counted(cost)
        left = 0
        for kind, number in sorted(kinds.items()):
            axes.barh(
                place,
                number,
                left=left,
                height=0.62,
                color=ink_of(colours[kind]),
                edgecolor=ink_of("page"),
                linewidth=1,
                hatch="////" if cost.requests is None else None,
            )
            left += number
        most = max(most, left)
        axes.annotate(str(left), (left, place), xytext=(5, 0), textcoords="offset points", va="center_baseline")
        parts = ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items()))
        descriptions.append(f"{cost.target} {left} {what} ({parts})" if parts else f"{cost.target} no {what}")
    axes.set_yticks(range(len(costs)), [f"{fit(cost.target, LETTERS)}, {counted(cost)[1]}" for cost in costs])
    axes.set_ylim(len(costs) - 0.5, -0.5)
    axes.set_xlim(0, most * 1.12)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.tick_params(axis="x", labelsize=10)
    return Chart(canvas.finish(f"Cost of one {operation}: {'; '.join(descriptions)}."), operation)
