"""Steady load in a process of its own: `python -m tests.chaos.load`. SIGTERM ends it once nothing is open."""

import argparse
import asyncio
import random
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from tests.chaos.abuse import DOMAIN, Abuse
from tests.chaos.client import Connection
from tests.chaos.ledger import Fate, Item, Ledger, Post

TIMEOUT_S: Final = 2.0
CLICKERS: Final = 6
POSTERS: Final = 2
ABUSERS: Final = 2
REPORTERS: Final = 1
PEOPLE: Final = 40
ACKNOWLEDGED_WITHIN_S: Final = 60.0
_ACCEPTED: Final = 202
_REDIRECT: Final = 302
_PIXEL: Final = 200
_HOUR_MS: Final = 3600 * 1000


def _person(rng: random.Random) -> str:
    """The browser of one of some people: a few click all the time, so there are double taps, and too many."""
    number = min(rng.randrange(PEOPLE), rng.randrange(PEOPLE))
    return f"Mozilla/5.0 (X11; Linux x86_64; rv:{number + 90}.0) Gecko/20100101 Firefox/{number + 90}.0"


@dataclass
class Total:
    """The highest total of a post that was sent, and that was acknowledged."""

    sent: int = 0
    acknowledged: int = 0


class Load:
    """Clients that click, see and post, each with a random generator of its own."""

    def __init__(self, seed: str, port: int, links: int, pause_s: float) -> None:
        self.ledger = Ledger()
        self._seed = seed
        self._port = port
        self._links = links
        self._pause_s = pause_s
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Until `stop`; then each POST with a key is sent on until it is acknowledged."""
        async with asyncio.TaskGroup() as tasks:
            for number in range(CLICKERS):
                tasks.create_task(self._click(random.Random(f"{self._seed}-click-{number}")))
            for number in range(POSTERS):
                tasks.create_task(self._post(random.Random(f"{self._seed}-post-{number}"), number))
            for number in range(REPORTERS):
                tasks.create_task(self._report(random.Random(f"{self._seed}-report-{number}"), number))
            for number in range(ABUSERS):
                tasks.create_task(self._abuse(random.Random(f"{self._seed}-abuse-{number}")))

    def stop(self) -> None:
        """Begin nothing new."""
        self._stopping.set()

    def _slug(self, rng: random.Random) -> str:
        return f"l{min(rng.randrange(self._links), rng.randrange(self._links))}"

    async def _pause(self, rng: random.Random, factor: float = 1.0) -> None:
        await asyncio.sleep(self._pause_s * factor * rng.uniform(0.5, 1.5))

    async def _click(self, rng: random.Random) -> None:
        connection = Connection(self._port, timeout_s=TIMEOUT_S)
        while not self._stopping.is_set():
            slug = self._slug(rng)
            pixel = rng.random() < 0.2
            path = f"/i/{slug}.gif" if pixel else f"/{slug}"
            answer = await connection.get(DOMAIN, path, user_agent=_person(rng))
            self.ledger.note(
                "pixel" if pixel else "click",
                f"{DOMAIN}/{slug}",
                answered=answer is not None and answer.status == (_PIXEL if pixel else _REDIRECT),
                counted=answer is not None and answer.counted,
            )
            if rng.random() < 0.01:  # another connection meets another process behind the port
                await connection.close()
            await self._pause(rng)
        await connection.close()

    async def _post(self, rng: random.Random, number: int) -> None:
        connection = Connection(self._port, timeout_s=TIMEOUT_S)
        sent = 0
        while not self._stopping.is_set():
            sent += 1
            key = f"{self._seed}-{number}-{sent}" if rng.random() < 0.8 else ""
            items = [self._item(rng) for _ in range(rng.randint(1, 12))]
            post = Post(key, items)
            body = msgspec.json.encode([_as_json(item, rng) for item in items])
            await self._send(connection, post, body)
            if key and rng.random() < 0.2:
                await self._pause(rng, 2)
                await connection.close()
                await self._send(connection, post, body)
            self.ledger.settle(post)
            await self._pause(rng, 4)
        await connection.close()

    async def _report(self, rng: random.Random, number: int) -> None:
        """Totals of one post a link, which grow; some come twice. What was acknowledged last must count."""
        connection = Connection(self._port, timeout_s=TIMEOUT_S)
        posts = f"{self._seed}-{number}-{time.time_ns()}"
        totals: dict[str, Total] = {}
        while not self._stopping.is_set():
            slug = self._slug(rng)
            total = totals.setdefault(f"{DOMAIN}/{slug}", Total())
            total.sent += rng.randint(1, 50)
            now_ms = time.time_ns() // 1_000_000
            row = {"platform": "chaos", "post": f"{posts}-{slug}", "link": f"{DOMAIN}/{slug}", "total": total.sent}
            body = msgspec.json.encode(row | {"observed_at": now_ms, "published_at": now_ms})
            for _ in range(1 + (rng.random() < 0.3)):
                answer = await connection.post(DOMAIN, "/v1/snapshots/rows", body, "")
                if answer is not None and answer.status == _ACCEPTED:
                    total.acknowledged = total.sent
                await self._pause(rng, 2)
        await connection.close()
        for link, total in totals.items():
            self.ledger.note("snapshot", link, answered=True, count=total.acknowledged)
            self.ledger.note("snapshot", link, answered=False, count=total.sent - total.acknowledged)

    async def _abuse(self, rng: random.Random) -> None:
        abuse = Abuse(rng, self._port, self.ledger)
        while not self._stopping.is_set():
            await abuse.act()
            await self._pause(rng, 4)
        await abuse.close()

    def _item(self, rng: random.Random) -> Item:
        chance = rng.random()
        fate: Fate = "future" if chance < 0.01 else "too_old" if chance < 0.02 else "counted"
        return Item(f"{DOMAIN}/{self._slug(rng)}", rng.choice((1, 1, 1, 2, 50)), fate)

    async def _send(self, connection: Connection, post: Post, body: bytes) -> None:
        deadline = time.monotonic() + ACKNOWLEDGED_WITHIN_S
        while True:
            answer = await connection.post(DOMAIN, "/v1/impressions", body, post.key)
            if answer is None:
                post.maybe += 1
            elif answer.status == _ACCEPTED:
                post.acknowledged += 1
                self.ledger.rejected += len(msgspec.json.decode(answer.body)["rejected"])
                return
            if not post.key or time.monotonic() > deadline:
                return
            await asyncio.sleep(0.2)


def _as_json(item: Item, rng: random.Random) -> dict[str, object]:
    fields: dict[str, object] = {"link": item.link, "kind": "rendered", "count": item.count}
    now_ms = int(time.time() * 1000)
    if item.fate == "future":
        fields["time_ms"] = now_ms + rng.randint(1, 2000) * _HOUR_MS
    elif item.fate == "too_old":
        fields["time_ms"] = now_ms - rng.randint(100 * 24, 1000 * 24) * _HOUR_MS
    elif rng.random() < 0.3:
        fields["time_ms"] = now_ms - rng.randint(0, 48) * _HOUR_MS
    return fields


async def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--links", type=int, required=True)
    parser.add_argument("--pause-s", type=float, required=True)
    parser.add_argument("--ledger", type=Path, required=True)
    chosen = parser.parse_args()
    load = Load(chosen.seed, chosen.port, chosen.links, chosen.pause_s)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, load.stop)
    await load.run()
    chosen.ledger.write_bytes(msgspec.json.encode(load.ledger))


if __name__ == "__main__":
    asyncio.run(_main())
