"""How often tests look whether something has come true."""

import time
from typing import Final

_SHORTEST_S: Final = 0.02
_LONGEST_S: Final = 0.25
_PART: Final = 0.1


def pause_s(began: float) -> float:
    """Seconds until the next look at what has been waited for since `began`, by `time.monotonic`.

    A tenth of what was waited, within bounds: a look costs CPU, of the very processes that are waited for, too.
    """
    return min(_LONGEST_S, max(_SHORTEST_S, (time.monotonic() - began) * _PART))
