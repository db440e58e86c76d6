"""One account's requests to one platform: its limits kept, its errors told by type, its secrets never shown.

Waiting is bounded: what a platform wants to have waited for longer than that is `LimitReached`, and the account
rests while others go on.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

import aiohttp
from yarl import URL

from console.poll.metrics import PollMetrics
from console.poll.verdicts import (
    Answer,
    LimitReached,
    MetricRefused,
    PostGone,
    Refused,
    TokenRejected,
    Unreachable,
    Verdict,
)
from schemas.retry import Retry, RetryPolicy

Judge = Callable[[Answer, float], Verdict]
"""What an answer means, given the time, seconds since 1970."""

_MAX_BODY_BYTES: Final = 256 * 1024 * 1024
_LIMITED_IN_A_ROW: Final = 3
_POLICY: Final = RetryPolicy(first_s=2.0, longest_s=30.0, within_s=120.0)


@dataclass(frozen=True, kw_only=True)
class Waits:
    """Time, as tests replace it. `longest_s` is how long a limit is waited for inside a round."""

    now: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    longest_s: float = 960.0


class Client:
    """Asks as one account. `hint` says where its token is renewed; `secrets` are kept out of every message."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        platform: str,
        base_url: str,
        judge: Judge,
        headers: Mapping[str, str],
        secrets: tuple[str, ...],
        hint: str,
        waits: Waits,
        metrics: PollMetrics,
        timeout_s: float = 60.0,
    ) -> None:
        self._session: Final = session
        self._platform: Final = platform
        self._base_url: Final = base_url.rstrip("/")
        self._judge: Final = judge
        self.headers: Final = dict(headers)
        self._secrets = tuple(filter(None, secrets))
        self._hint: Final = hint
        self.waits: Final = waits
        self._metrics: Final = metrics
        self._timeout: Final = aiohttp.ClientTimeout(total=timeout_s)
        self._not_before_s = 0.0

    def authorize(self, headers: Mapping[str, str], secrets: tuple[str, ...]) -> None:
        """Go on with another token."""
        self.headers.update(headers)
        self._secrets = tuple(filter(None, secrets))

    async def get(self, path: str) -> bytes:
        """The body of a good answer; `path` with its query is already encoded. Raises PollError."""
        return await self._until_settled("GET", path, None)

    async def post(self, path: str, body: bytes, kind: str = "application/json") -> bytes:
        """The same, of a POST."""
        return await self._until_settled("POST", path, (body, kind))

    def dropped(self, metrics: int) -> None:
        """So many metrics are no longer asked for."""
        self._metrics.retired.labels(self._platform).inc(metrics)

    async def _until_settled(self, method: str, path: str, content: tuple[bytes, str] | None) -> bytes:
        limited = 0
        while True:
            await self._wait_for_limit()
            answer, verdict = await self._answered(method, path, content)
            if verdict.outcome == "ok":
                self._not_before_s = verdict.until_s
                return answer.body
            why = self._masked(verdict.why)
            if verdict.outcome == "limited":
                self._not_before_s = verdict.until_s
                limited += 1
                if limited >= _LIMITED_IN_A_ROW:
                    raise LimitReached(why, verdict.until_s)
                continue
            raise self._error(verdict, why)

    def _error(self, verdict: Verdict, why: str) -> Refused | TokenRejected:
        match verdict.outcome:
            case "token":
                return TokenRejected(f"its token is not taken ({why}): {self._hint}")
            case "metric":
                return MetricRefused(why, verdict.metric)
            case "gone":
                return PostGone(why)
            case _:
                return Refused(why)

    async def _wait_for_limit(self) -> None:
        wait_s = self._not_before_s - self.waits.now()
        if wait_s <= 0:
            return
        if wait_s > self.waits.longest_s:
            raise LimitReached("its limit is reached", self._not_before_s)
        self._metrics.waited.labels(self._platform).inc(wait_s)
        await self.waits.sleep(wait_s)

    async def _answered(self, method: str, path: str, content: tuple[bytes, str] | None) -> tuple[Answer, Verdict]:
        """The first answer that is no failure of the platform's own. Raises Unreachable."""

        async def attempt() -> tuple[Answer, Verdict]:
            try:
                answer = await self._once(method, path, content)
                verdict = self._judge(answer, self.waits.now())
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                why = str(error) or type(error).__name__
                verdict = Verdict(outcome="again", why=why)
            self._metrics.requests.labels(self._platform, verdict.outcome).inc()
            if verdict.outcome == "again":
                raise Unreachable(f"{self._base_url} gives no numbers: {self._masked(verdict.why)}")
            return answer, verdict

        retry = Retry(_POLICY, sleep=self.waits.sleep, clock=self.waits.now)
        return await retry.until_it_works(attempt, on=Unreachable)

    async def _once(self, method: str, path: str, content: tuple[bytes, str] | None) -> Answer:
        headers = dict(self.headers)
        if content is not None:
            headers["Content-Type"] = content[1]
        async with self._session.request(
            method,
            URL(self._base_url + path, encoded=True),
            headers=headers,
            data=None if content is None else content[0],
            allow_redirects=False,  # a token is for its platform only
            timeout=self._timeout,
        ) as response:
            chunks, size = [], 0
            async for chunk in response.content.iter_chunked(1 << 16):
                size += len(chunk)
                if size > _MAX_BODY_BYTES:
                    raise aiohttp.ClientPayloadError(f"the answer is longer than {_MAX_BODY_BYTES:,} bytes")
                chunks.append(chunk)
            named = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status, named, b"".join(chunks))

    def _masked(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text
