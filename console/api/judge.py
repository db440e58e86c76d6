"""Which traffic class a click would get: asked of the stream's own rules, which run in a process of their own."""

import asyncio
import contextlib
import sys
from collections.abc import Sequence
from typing import Final

import msgspec

from schemas.events import TrafficClass

PROGRAM: Final = (sys.executable, "-m", "stream.verdicts")
WITHIN_S: Final = 25.0
"""How long an answer may take, with the start of the process: two seconds of CPU, on a busy machine ten of time."""
IDLE_S: Final = 300.0
"""How long the process stays when nobody asks; it holds some 100 MB."""
_LINE_MAX: Final = 65_536


class Verdict(msgspec.Struct, frozen=True):
    """A traffic class, its reason, and the number of the rule set that gave it."""

    traffic_class: TrafficClass
    reason: str
    rules: int


class NoVerdictError(Exception):
    """The rules cannot be asked; the message says why and what to do."""


_decode: Final = msgspec.json.Decoder(Verdict).decode


class Judge:
    """The rules, started when they are asked first and when they are gone; one question at a time."""

    def __init__(
        self, program: Sequence[str] = PROGRAM, *, within_s: float = WITHIN_S, idle_s: float = IDLE_S
    ) -> None:
        self._program: Final = program
        self._within_s: Final = within_s
        self._idle_s: Final = idle_s
        self._one_at_a_time: Final = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._ended: list[asyncio.subprocess.Process] = []
        self._idle: asyncio.TimerHandle | None = None

    async def verdict(self, *, ua: str, purpose: str, network: str) -> Verdict:
        """By user agent, prefetch header and class of network, of a click alone. Raises NoVerdictError."""
        texts = {"ua": ua, "purpose": purpose, "network": network}
        # A query may hold what is no UTF-8; no event does.
        line = msgspec.json.encode({name: text.encode("utf-8", "replace").decode() for name, text in texts.items()})
        async with self._one_at_a_time:
            if self._idle is not None:
                self._idle.cancel()
            try:
                async with asyncio.timeout(self._within_s):
                    verdict = await self._ask(line + b"\n")
            except BaseException as error:
                # An answer that comes later would be taken for the next one's.
                self._end()
                if isinstance(error, OSError | msgspec.DecodeError):  # a TimeoutError is an OSError
                    raise NoVerdictError(
                        f"the rules of bots did not answer ({str(error) or 'too slow'}): the console's log has"
                        " their words; `python -m stream.verdicts` runs them by hand, with CLICKTALLY_STREAM_*"
                        " as set here"
                    ) from error
                raise
            self._idle = asyncio.get_running_loop().call_later(self._idle_s, self._end)
        return verdict

    async def close(self) -> None:
        """End the process, and wait until it has."""
        if self._idle is not None:
            self._idle.cancel()
        self._end()
        for process in self._ended:
            await process.wait()

    async def _ask(self, line: bytes) -> Verdict:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                *self._program, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=_LINE_MAX
            )
        process = self._process
        if process.stdin is None or process.stdout is None:
            raise BrokenPipeError("they have no pipes")
        process.stdin.write(line)
        await process.stdin.drain()
        answer = await process.stdout.readline()
        if not answer.endswith(b"\n"):
            raise BrokenPipeError("they ended")
        return _decode(answer)

    def _end(self) -> None:
        process, self._process = self._process, None
        self._ended = [one for one in self._ended if one.returncode is None]
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            self._ended.append(process)
