"""Plots as SVG, the same bytes for the same figures."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.results import Spread

mpl.rcParams["svg.hashsalt"] = "clicktally"


def bars(spreads: Mapping[str, Spread], label: str, path: Path) -> str:
    """One bar for each contestant, from least to most of its rounds; returns the file's name."""
    figure, axes = _axes(0.5 * len(spreads) + 1)
    names = list(spreads)
    medians = [spreads[name].median for name in names]
    reach = [
        [spreads[name].median - spreads[name].least for name in names],
        [spreads[name].most - spreads[name].median for name in names],
    ]
    axes.barh(names, medians, xerr=reach, color="#3b6ea5")
    axes.invert_yaxis()
    axes.set_xlabel(label)
    return _save(figure, path)


def lines(series: Mapping[str, Sequence[tuple[float, float]]], label: str, path: Path) -> str:
    """One line for each process over minutes; returns the file's name."""
    figure, axes = _axes(3.5)
    for name, points in series.items():
        axes.plot([at / 60 for at, _ in points], [value for _, value in points], label=name)
    axes.set_xlabel("minutes")
    axes.set_ylabel(label)
    axes.set_ylim(bottom=0)
    axes.legend()
    return _save(figure, path)


def _axes(height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(8, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _save(figure: Figure, path: Path) -> str:
    figure.savefig(path, format="svg", metadata={"Date": None})
    return path.name
