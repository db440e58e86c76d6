"""Changes of links through all consoles, in a process of their own: `python -m tests.chaos.link_load`.

Each client has links of its own, so that it knows in which order they were changed, and changes a few that all
share, by If-Match. SIGTERM ends it once nothing is open.
"""

import argparse
import asyncio
import json
import random
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from tests.chaos.change_sending import SETTLED_WITHIN_S, Sending
from tests.chaos.console_client import Reply, Request
from tests.chaos.link_ledger import CHANGED_DOMAIN, Kind, LinkChange, LinkLedger

CLIENTS: Final = 8
SHARED: Final = ("shared-0", "shared-1", "shared-2")
_RACE_S: Final = 1.5
_OWN_MOST: Final = 40
_BULK_SLUGS: Final = 25
_OK: Final = 200
_NOT_FOUND: Final = 404
_NO_CONTENT: Final = 204
_UNAVAILABLE: Final = 503


@dataclass
class Known:
    """What a client knows of a link of its own; without an `etag` it must look, unless it is deleted."""

    etag: str = ""
    title: str = ""
    deleted: bool = False


class LinkClient:
    """One client; what it does follows from its random generator."""

    def __init__(self, name: str, consoles: list[int], serve_port: int, ledger: LinkLedger) -> None:
        self._name: Final = name
        self._rng: Final = random.Random(name)
        self._ledger: Final = ledger
        self._sending: Final = Sending(self._rng, consoles, serve_port, ledger)
        self._own: Final[dict[str, Known]] = {}
        self._number = 0

    async def act(self) -> None:
        """One change, or the lines of one bulk."""
        acts = {self._make: 3, self._race: 1, self._change_own: 4, self._change_shared: 3, self._bulk: 1}
        await self._rng.choices([*acts], [*acts.values()])[0]()

    async def make(self, slug: str = "") -> None:
        """A link with this slug, or with one that the console makes up."""
        change = self._change("make", slug and f"{CHANGED_DOMAIN}/{slug}")
        body = {"domain": CHANGED_DOMAIN, "destination": change.destination, "title": change.title}
        reply = await self._sending.settle(change, "POST", "/v1/links", body | ({"slug": slug} if slug else {}))
        if reply is not None and reply.made:
            change.link = reply.link
            if not slug and len(self._own) < _OWN_MOST:
                self._own[change.link] = Known(reply.headers.get("etag", ""), change.title)
            await self._sending.see_served(reply, change.link, change.destination)

    async def _make(self) -> None:
        await self.make()

    async def _race(self) -> None:
        """A slug that all clients want at about the same time: one gets it."""
        await self.make(f"race-{int(time.monotonic() / _RACE_S)}")

    async def _change_own(self) -> None:
        if not self._own:
            await self.make()
            return
        link = self._rng.choice([*self._own])
        known = self._own[link]
        if not known.etag and not known.deleted:
            await self._look(link)
        if known.deleted:
            await self._restore(link)
        elif self._rng.random() < 0.15:
            await self._delete(link)
        else:
            await self._patch(link)

    async def _patch(self, link: str) -> None:
        known = self._own[link]
        by_state = bool(known.etag) and self._rng.random() < 0.6
        change = self._change("patch", link, before=known.title if by_state else None)
        change.archived = self._rng.random() < 0.2
        reply = await self._sending.settle(
            change, "PATCH", _path(link), _values(change), if_match=known.etag if by_state else ""
        )
        if reply is not None and reply.made:
            self._own[link] = Known(reply.headers.get("etag", ""), change.title)
            await self._sending.see_served(reply, link, change.destination)
        else:
            self._own[link] = Known()

    async def _delete(self, link: str) -> None:
        known = self._own[link]
        by_state = bool(known.etag) and self._rng.random() < 0.5
        change = self._change("delete", link, before=known.title if by_state else None)
        reply = await self._sending.settle(change, "DELETE", _path(link), if_match=known.etag if by_state else "")
        self._own[link] = Known()
        if reply is not None and reply.made:
            self._own[link] = Known(deleted=True)
            await self._sending.see_served(reply, link, "")

    async def _restore(self, link: str) -> None:
        change = self._change("restore", link)
        await self._sending.settle(change, "POST", f"{_path(link)}/restore")
        self._own[link] = Known()

    async def _change_shared(self) -> None:
        """Read, then write what was read: of several at once one wins."""
        link = f"{CHANGED_DOMAIN}/{self._rng.choice(SHARED)}"
        reply = await self._sending.ask(Request("GET", _path(link)))
        if not reply.whole or reply.status != _OK:
            return
        now = reply.json
        change = self._change("patch", link, before=now["title"])
        await self._sending.settle(change, "PATCH", _path(link), _values(change), if_match=now["etag"])

    async def _look(self, link: str) -> None:
        reply = await self._sending.ask(Request("GET", _path(link)))
        known = self._own[link]
        if reply.whole and reply.status == _OK:
            known.etag, known.title, known.deleted = reply.json["etag"], reply.json["title"], False
        elif reply.whole and reply.status == _NOT_FOUND:
            known.deleted = True

    def _change(self, kind: Kind, link: str, *, before: str | None = None) -> LinkChange:
        self._number += 1
        title = f"{self._name}-{self._number}"
        change = LinkChange(
            title=title,
            kind=kind,
            link=link,
            before=before,
            destination=f"https://example.com/{title}",
            sent_s=time.monotonic(),
        )
        self._ledger.changes.append(change)
        return change

    async def _bulk(self) -> None:
        """Lines for some slugs of its own, sent as a whole until each is answered."""
        slugs = self._rng.sample(range(_BULK_SLUGS), self._rng.randint(1, _BULK_SLUGS))
        changes = []
        for number in slugs:
            kind: Kind = "drop" if self._rng.random() < 0.2 else "line"
            changes.append(self._change(kind, f"{CHANGED_DOMAIN}/bulk-{self._name}-{number}"))
        body = b"".join(_line(change) for change in changes)
        request = Request("POST", "/v1/links/bulk", body, media="application/x-ndjson")
        while time.monotonic() - changes[0].sent_s < SETTLED_WITHIN_S:
            reply = await self._sending.ask(request)
            if not reply.nothing_done and self._note_lines(changes, reply):
                return
            await self._sending.pause()
        for change in changes:
            if change.fate != "made":
                change.fate = "unknown" if change.unheard else "refused"

    def _note_lines(self, changes: list[LinkChange], reply: Reply) -> bool:
        """Whether every line is acknowledged. One that this stream said nothing of may still be written by it."""
        status_of = {}
        if reply.status == _OK:
            status_of = {line["line"]: line["status"] for line in reply.lines}
        elif not reply.unheard:
            self._sending.surprise(changes[0], reply, "no answer of the API")
        for number, change in enumerate(changes, 1):
            status = status_of.get(number, _UNAVAILABLE)
            if status in (_OK, 201, _NO_CONTENT):
                if change.fate != "made":
                    change.fate, change.answered_s = "made", time.monotonic()
            else:
                change.unheard += 1
                change.repeats += 1
                if status != _UNAVAILABLE:
                    self._sending.surprise(change, reply, f"its line was answered {status}")
        return all(change.fate == "made" for change in changes) and reply.whole


def _path(link: str) -> str:
    return f"/v1/links/{link}"


def _values(change: LinkChange) -> dict[str, Any]:
    return {"title": change.title, "destination": change.destination, "archived": change.archived}


def _line(change: LinkChange) -> bytes:
    domain, _, slug = change.link.partition("/")
    values = {"delete": True} if change.kind == "drop" else _values(change)
    return json.dumps({"domain": domain, "slug": slug} | values).encode() + b"\n"


async def run(
    seed: str, consoles: list[int], serve_port: int, pause_s: float, stopping: asyncio.Event
) -> LinkLedger:
    """Change links until told to stop; each change is settled then."""
    ledger = LinkLedger()
    clients = [LinkClient(f"{seed}-{number}", consoles, serve_port, ledger) for number in range(CLIENTS)]
    for slug in SHARED:
        await clients[0].make(slug)

    async def act(client: LinkClient, rng: random.Random) -> None:
        while not stopping.is_set():
            await client.act()
            await asyncio.sleep(pause_s * rng.uniform(0.5, 1.5))

    async with asyncio.TaskGroup() as tasks:
        for number, client in enumerate(clients):
            tasks.create_task(act(client, random.Random(f"{seed}-pause-{number}")))
    return ledger


async def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", required=True)
    parser.add_argument("--consoles", required=True, help="their ports, separated by commas")
    parser.add_argument("--port", type=int, required=True, help="of the redirector")
    parser.add_argument("--pause-s", type=float, required=True)
    parser.add_argument("--ledger", type=Path, required=True)
    chosen = parser.parse_args()
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    chosen.ledger.write_bytes(msgspec.json.encode(LinkLedger()))  # from now on SIGTERM ends it in good order
    consoles = [int(port) for port in chosen.consoles.split(",")]
    ledger = await run(chosen.seed, consoles, chosen.port, chosen.pause_s, stopping)
    chosen.ledger.write_bytes(msgspec.json.encode(ledger))


if __name__ == "__main__":
    asyncio.run(_main())
