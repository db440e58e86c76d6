"""User agents and referrers of a real access log."""

from pathlib import Path
from typing import Final

from deploy.local.replay.access_log import Request, read_request

_LOG: Final = Path(__file__).parents[5] / "shared" / "data" / "access.log"


def _requests() -> list[Request]:
    with _LOG.open("rb") as lines:
        return [request for request in map(read_request, lines) if request is not None]


_REQUESTS: Final = _requests()
LOG_AGENTS: Final = [request.agent.decode("utf-8", "replace") for request in _REQUESTS]
LOG_REFERRERS: Final = [request.referrer.decode("utf-8", "replace") for request in _REQUESTS]
