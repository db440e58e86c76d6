"""How long answers took, as plain numbers: a histogram for each outcome."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Final

from redirector.serve.counts import OUTCOMES, Outcome

BOUNDS_S: Final = (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 5.0)
"""Upper bounds of the buckets in seconds; what took longer is in a last one without."""


class Latency:
    """From the arrival of what was asked to the writing of its answer."""

    def __init__(self) -> None:
        self._counts: Final = {outcome: [0] * (len(BOUNDS_S) + 1) for outcome in OUTCOMES}
        self._sums: Final = dict.fromkeys(OUTCOMES, 0.0)

    def add(self, answered: Mapping[Outcome, int], took_s: float) -> None:
        """So many answers of each outcome took `took_s` seconds."""
        bucket = bisect_left(BOUNDS_S, took_s)
        for outcome, count in answered.items():
            self._counts[outcome][bucket] += count
            self._sums[outcome] += took_s * count

    def histograms(self) -> Iterator[tuple[Outcome, list[int], float]]:
        """By outcome: how many took at most as long as each bound and in all, and their sum in seconds."""
        for outcome, counts in self._counts.items():
            yield outcome, list(accumulate(counts)), self._sums[outcome]
