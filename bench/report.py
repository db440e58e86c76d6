"""`docs/performance.md` and its plots, from `bench/results/*.json` and nothing else.

python -m bench.report
"""

from collections.abc import Iterable
from typing import Final

from bench.machine import run_bench
from bench.plots import bars, lines
from bench.results import Goal, Result, Spread, read_results
from deploy.local.processes import REPOSITORY

PAGE: Final = REPOSITORY / "docs" / "performance.md"
PLOTS_DIR: Final = REPOSITORY / "docs" / "plots"
PROFILES: Final = REPOSITORY / "bench" / "profiles.md"
ORDER: Final = (
    "redirect",
    "stream",
    "relay",
    "latency",
    "recovery",
    "footprint",
    "scaling",
    "query",
    "console",
    "page",
)
PLOTTED: Final = {
    "redirect": ("redirects_per_cpu_s", "redirects per CPU second"),
    "stream": ("sum_cpu_s_per_million_with_merges", "CPU seconds per million events"),
    "latency": ("p99_s", "p99, seconds"),
}

_HEAD: Final = """# Performance

This page is made by `make bench-report` from the results in `bench/results/`; do not edit it. Every bench runs its
contestants on one machine in one go, alternating, each bound to its core; figures are medians of the rounds, with
the least and the most in brackets. Ratios travel between machines, absolute figures don't. Where other work shares
the machine, a plain rate says who else was there; rates per CPU second are what a core gives when it is alone.
"""


def main() -> None:
    """Write the page."""
    PLOTS_DIR.mkdir(parents=True, exist_ok=True)
    results = sorted(read_results(), key=lambda one: ORDER.index(one.name) if one.name in ORDER else len(ORDER))
    parts = [_HEAD, _promises(results), *(_section(one) for one in results)]
    if PROFILES.is_file():
        parts.append(PROFILES.read_text())
    PAGE.write_text("\n".join(part.strip() + "\n" for part in parts))
    print(f"wrote {PAGE.relative_to(REPOSITORY)}: {len(results)} benches")


def _promises(results: Iterable[Result]) -> str:
    rows = [_goal_row(result.name, goal) for result in results for goal in result.goals]
    return "## Goals\n\n| Bench | What | Goal | Measured | |\n|---|---|---|---|---|\n" + "\n".join(rows)


def _goal_row(name: str, goal: Goal) -> str:
    wanted = f"{goal.bound} {_number(goal.goal)} {_unit(goal.unit)}"
    measured = f"{_number(goal.value)} {_unit(goal.unit)}"
    verdict = "met" if goal.met else "**missed**"
    return f"| {name} | {goal.name} | {wanted} | {measured} | {verdict} |"


def _section(result: Result) -> str:
    machine = result.machine
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    parts = [f"## {result.title}", f"`{result.command}`", _tables(result)]
    if result.name in PLOTTED:
        measure, label = PLOTTED[result.name]
        spreads = {name: one[measure] for name, one in result.figures.items() if measure in one}
        parts.append(_plot(bars(spreads, label, PLOTS_DIR / f"{result.name}.svg"), result.title))
    if result.series:
        parts.append(_plot(lines(result.series, "MiB", PLOTS_DIR / f"{result.name}.svg"), result.title))
    parts += ["\n".join(f"- {note}" for note in result.notes)] if result.notes else []
    parts.append("Left out:\n\n" + "\n".join(f"- {one}" for one in result.leaves_out))
    if machine.load_average > machine.cores:
        parts.append(
            "**More wanted to run than this machine has cores**, the bench's own processes or others: times"
            " and plain rates say more about that than about clicktally; CPU per event and ratios hold better."
        )
    parts.append(
        f"Measured {result.at} on {machine.cores} cores of {machine.cpu}, {machine.memory_gib} GiB, load"
        f" average {machine.load_average:.1f}, Linux {machine.kernel}; {versions}."
    )
    return "\n\n".join(parts)


def _tables(result: Result) -> str:
    """One table for the contestants that share their measures."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for contestant, spreads in result.figures.items():
        groups.setdefault(tuple(spreads), []).append(contestant)
    tables = []
    for measures, contestants in groups.items():
        cells = [[_spread(result.figures[name][measure]) for measure in measures] for name in contestants]
        named = [measure.replace("_", " ") for measure in measures]
        # What there is more of goes down the page.
        if len(contestants) > len(measures):
            tables.append(_table(named, contestants, cells))
        else:
            tables.append(_table(contestants, named, [[*row] for row in zip(*cells, strict=True)]))
    return "\n\n".join(tables)


def _table(columns: list[str], rows: list[str], cells: list[list[str]]) -> str:
    head = "| | " + " | ".join(columns) + " |\n|---|" + "---|" * len(columns)
    body = [f"| {name} | " + " | ".join(row) + " |" for name, row in zip(rows, cells, strict=True)]
    return "\n".join([head, *body])


def _spread(spread: Spread) -> str:
    if spread.rounds == 1:
        return _number(spread.median)
    return f"{_number(spread.median)} ({_number(spread.least)} to {_number(spread.most)})"


def _number(value: float) -> str:
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _unit(unit: str) -> str:
    return "times" if unit == "x" else unit


def _plot(name: str, title: str) -> str:
    return f"![{title}](plots/{name})"


if __name__ == "__main__":
    run_bench(main)
