"""How long to wait before the next try."""

import random
from dataclasses import dataclass


@dataclass(slots=True)
class Backoff:
    """Doubles from `min_s` to `max_s`, each wait spread over its upper half so that relays don't march in step."""

    min_s: float
    max_s: float
    failures: int = 0

    def next_s(self) -> float:
        """Seconds to wait after one more failure."""
        wait: float = min(self.max_s, self.min_s * 2.0 ** min(self.failures, 32))
        self.failures += 1
        return wait * random.uniform(0.5, 1.0)  # noqa: S311 - not a secret

    def anew(self) -> "Backoff":
        """Another with these limits, for another operation."""
        return Backoff(self.min_s, self.max_s)

    def reset(self) -> None:
        """It worked."""
        self.failures = 0
