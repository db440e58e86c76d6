"""What a bench found: figures with their spread, ratios with their goals, and what it leaves out."""

import statistics
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import msgspec

from bench.machine import Machine, describe

RESULTS_DIR: Final = Path(__file__).with_name("results")

T = TypeVar("T")


class Spread(msgspec.Struct, frozen=True):
    """Median, least and most of the rounds."""

    median: float
    least: float
    most: float
    rounds: int


class Goal(msgspec.Struct, frozen=True):
    """A figure that was promised. A ratio's value is the median of the rounds' ratios."""

    name: str
    value: float
    bound: Literal["at least", "at most"]
    goal: float
    unit: str = "x"

    @property
    def met(self) -> bool:
        """Whether the measured value keeps the promise."""
        return self.value >= self.goal if self.bound == "at least" else self.value <= self.goal


class Result(msgspec.Struct, kw_only=True):
    """One bench's run. `figures` are by contestant, then by measure (units end its name)."""

    name: str
    title: str
    command: str
    figures: dict[str, dict[str, Spread]]
    goals: list[Goal]
    leaves_out: list[str]
    notes: list[str] = []
    series: dict[str, list[tuple[float, float]]] = {}
    machine: Machine = msgspec.field(default_factory=describe)
    at: str = msgspec.field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="minutes"))


class Rounds:
    """Collects the measures of every contestant, round by round."""

    def __init__(self) -> None:
        self._values: dict[str, dict[str, list[float]]] = {}

    def add(self, contestant: str, **measures: float) -> None:
        """One round's measures of one contestant."""
        print(
            f"  {contestant}: " + ", ".join(f"{name} {value:,.2f}" for name, value in measures.items()), flush=True
        )
        of_contestant = self._values.setdefault(contestant, {})
        for name, value in measures.items():
            of_contestant.setdefault(name, []).append(value)

    def values(self, contestant: str, measure: str) -> list[float]:
        """The measure in every round, in order."""
        return self._values[contestant][measure]

    def median(self, contestant: str, measure: str) -> float:
        """The median over the rounds."""
        return statistics.median(self.values(contestant, measure))

    def ratio(self, contestant: str, other: str, measure: str) -> float:
        """The median of contestant/other, round by round: what disturbs a round disturbs both."""
        pairs = zip(self.values(contestant, measure), self.values(other, measure), strict=True)
        return statistics.median(one / two for one, two in pairs)

    def figures(self) -> dict[str, dict[str, Spread]]:
        """Everything, as a result holds it."""
        return {
            contestant: {name: spread(values) for name, values in measures.items()}
            for contestant, measures in self._values.items()
        }


def spread(values: Sequence[float]) -> Spread:
    """Median, least and most; raises statistics.StatisticsError for nothing."""
    return Spread(statistics.median(values), min(values), max(values), len(values))


def alternating(contestants: Sequence[T], rounds: int) -> Iterator[tuple[int, T]]:
    """Every contestant in every round; each second round backwards, so that none is always the first."""
    for number in range(rounds):
        for contestant in contestants if number % 2 == 0 else reversed(contestants):
            yield number, contestant


def publish(result: Result) -> None:
    """Write `results/<name>.json` and print the run's ratios and its machine as one line of JSON."""
    RESULTS_DIR.mkdir(exist_ok=True)
    encoded = msgspec.json.format(msgspec.json.encode(_rounded(msgspec.to_builtins(result))), indent=1)
    (RESULTS_DIR / f"{result.name}.json").write_bytes(encoded + b"\n")
    print(goals_line(result.name, result.goals, machine=result.machine), flush=True)


def goals_line(bench: str, goals: Iterable[Goal], **more: object) -> str:
    """A run's goals as one line of JSON."""
    line = {
        "bench": bench,
        "goals": [
            {
                "name": goal.name,
                "value": goal.value,
                "goal": f"{goal.bound} {goal.goal:g} {goal.unit}".strip(),
                "met": goal.met,
            }
            for goal in goals
        ],
        **more,
    }
    return msgspec.json.encode(_rounded(msgspec.to_builtins(line))).decode()


def read_results() -> Iterable[Result]:
    """Every committed result, by name."""
    for path in sorted(RESULTS_DIR.glob("*.json")):
        yield msgspec.json.decode(path.read_bytes(), type=Result)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    return value
