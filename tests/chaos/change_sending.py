"""Sends changes of links until it is known what became of them, and looks whether what was said is so."""

import asyncio
import json
import random
import time
from typing import Final

from tests.chaos.console_client import Reply, Request, ask
from tests.chaos.link_ledger import Fate, LinkChange, LinkLedger

SETTLED_WITHIN_S: Final = 60.0
TIMEOUT_S: Final = 7.0
_AGAIN_S: Final = 0.2
_NOT_FOUND: Final = 404
_REDIRECT: Final = 302
_REFUSALS: Final = {404, 409, 412}


class Sending:
    """One client's way to all consoles."""

    def __init__(self, rng: random.Random, consoles: list[int], serve_port: int, ledger: LinkLedger) -> None:
        self._rng: Final = rng
        self._consoles: Final = consoles
        self._serve_port: Final = serve_port
        self._ledger: Final = ledger
        self._uncertain: Final[set[str]] = set()
        """Links with a change that may yet be made."""

    async def settle(
        self, change: LinkChange, method: str, path: str, body: object = None, *, if_match: str = ""
    ) -> Reply | None:
        """Send it until it is known what became of it; without a key, until it may have been made."""
        keyed = change.kind in ("delete", "restore") or self._rng.random() < 0.8
        content = b"" if body is None else json.dumps(body).encode()
        request = Request(method, path, content, key=change.title if keyed else "", if_match=if_match)
        while time.monotonic() - change.sent_s < SETTLED_WITHIN_S:
            reply = await self._send(change, request)
            if reply.made or (reply.whole and reply.status in _REFUSALS):
                change.answered_s = time.monotonic()
                change.fate = _fate(change, reply)
                if change.fate == "unknown":
                    self._uncertain.add(change.link)
                if reply.made and keyed and self._rng.random() < 0.2:
                    await self._again(change, request, reply)
                return reply
            if reply.unheard:
                change.unheard += 1
                if not keyed:
                    self._uncertain.add(change.link)
                    return None
            elif not reply.nothing_done:
                self.surprise(change, reply, "no answer of the API")
                return None
            await self.pause()
        change.fate = "unknown" if change.unheard else "refused"
        self._uncertain.add(change.link)
        return None

    async def _send(self, change: LinkChange, request: Request) -> Reply:
        """One try; with a key sometimes cut off, sometimes at all consoles in the same moment."""
        chance = self._rng.random() if request.key else 1.0
        if chance < 0.06:
            cut_s = self._rng.uniform(0, 0.04)
            return await ask(self._rng.choice(self._consoles), request, timeout_s=TIMEOUT_S, cut_after_s=cut_s)
        if chance < 0.12:
            replies = await asyncio.gather(*(ask(port, request, timeout_s=TIMEOUT_S) for port in self._consoles))
            made = [reply for reply in replies if reply.made]
            if len({reply.link for reply in made}) > 1:
                self.surprise(change, made[0], f"and at the same time {made[1].link}")
            return made[0] if made else next((one for one in replies if one.unheard), replies[0])
        return await self.ask(request)

    async def _again(self, change: LinkChange, request: Request, first: Reply) -> None:
        """The same key once more, anywhere: the same answer."""
        await asyncio.sleep(self._rng.uniform(0, _AGAIN_S))
        reply = await self.ask(request)
        if reply.nothing_done or reply.unheard:
            return
        same = ("clicktally-link", "etag")
        if not reply.made or [reply.headers.get(name) for name in same] != [
            first.headers.get(name) for name in same
        ]:
            self.surprise(change, reply, f"at first {first.status} {first.headers}")
        elif reply.headers.get("idempotency-replayed") != "yes":
            self.surprise(change, reply, "made again")
        else:
            self._ledger.replayed += 1

    async def ask(self, request: Request) -> Reply:
        return await ask(self._rng.choice(self._consoles), request, timeout_s=TIMEOUT_S)

    async def pause(self) -> None:
        """Before another try."""
        await asyncio.sleep(self._rng.uniform(0.5, 1.5) * _AGAIN_S)

    async def see_served(self, reply: Reply, link: str, destination: str) -> None:
        """What a console says is served is what this host's redirector answers."""
        said = reply.headers.get("clicktally-served") == "yes" and "idempotency-replayed" not in reply.headers
        if not said or link in self._uncertain:
            return
        for last in (False, True):
            seen = await ask(self._serve_port, served_request(link), timeout_s=1.0)
            if not seen.whole:
                return
            if seen.status == (_REDIRECT if destination else _NOT_FOUND) and (
                not destination or seen.headers.get("location") == destination
            ):
                self._ledger.served += 1
                return
            if not last:  # a process that was stopped answers at first what it knew before
                await asyncio.sleep(0.3)
        self._ledger.surprises.append(
            f"{link}: said to be served with {destination!r}; the redirector answers {seen.status} {seen.headers}"
        )

    def surprise(self, change: LinkChange, reply: Reply, words: str) -> None:
        self._ledger.surprises.append(
            f"{change.link}: {change.kind} {change.title!r}: {words}; {reply.status} {reply.headers}"
            f" {reply.body[:200]!r}"
        )


def served_request(link: str) -> Request:
    """Asks a redirector where a link leads, and counts no click."""
    domain, _, slug = link.partition("/")
    return Request("HEAD", f"/{slug}", host=domain)


def _fate(change: LinkChange, reply: Reply) -> Fate:
    """A refusal says nothing of an earlier try that nobody heard of, unless that can no longer be made, either."""
    if reply.made:
        return "made"
    return "refused" if not change.unheard or change.before is not None or change.kind == "make" else "unknown"
