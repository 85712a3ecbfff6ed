"""What an operation of a client costs in requests or calls, stacked by their kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.ticker import MaxNLocator

from entrepot_benchmarks.page.bars import LETTERS, STEP
from entrepot_benchmarks.page.drawing import Box, Canvas, Chart, fit
from entrepot_benchmarks.page.theme import KINDS, ink_of
from entrepot_benchmarks.results.model import OperationCost

__all__ = ["colours_of", "counted", "stacked"]


def counted(cost: OperationCost) -> tuple[Mapping[str, int], str]:
    """Requests by their kind where they are known, otherwise calls of the driver; and which of both."""
    return (cost.calls, "driver calls") if cost.requests is None else (cost.requests, "requests")


def colours_of(costs: Sequence[OperationCost]) -> Mapping[str, str]:
    """The CSS variable of each kind, the same in every chart."""
    kinds = sorted({kind for cost in costs for kind in counted(cost)[0]})
    return {kind: KINDS[index % len(KINDS)].name for index, kind in enumerate(kinds)}


def stacked(canvas: Canvas, operation: str, costs: Sequence[OperationCost], colours: Mapping[str, str]) -> Chart:
    """One operation on several targets, one at least."""
    axes = canvas.axes(Box(520, 26 + (STEP + 3) * len(costs), left=190, right=8, top=4, bottom=22))
    told, most = [], 1
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
        told.append(f"{cost.target} {left} {what} ({parts})" if parts else f"{cost.target} no {what}")
    axes.set_yticks(range(len(costs)), [f"{fit(cost.target, LETTERS)}, {counted(cost)[1]}" for cost in costs])
    axes.set_ylim(len(costs) - 0.5, -0.5)
    axes.set_xlim(0, most * 1.12)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.tick_params(axis="x", labelsize=10)
    return Chart(canvas.finish(f"What one {operation} costs: {'; '.join(told)}."), operation)
