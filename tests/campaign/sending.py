"""Send what the campaign sends, through the real doors, and note all of it that was answered."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import murmur2

from schemas.topics import CLICKS
from tests.campaign.cast import DAY_MS, DOMAIN
from tests.campaign.expected import day_of
from tests.campaign.stated import Call, StatedTotal
from tests.campaign.traffic import Mailing, Visit, click_line
from tests.chaos.client import Answer, Connection
from tests.chaos.stack import PARTITIONS
from tests.tokens import AS_WRITER

CONNECTIONS: Final = 4
SPOOL: Final = "shop-1"
_TRIES: Final = 100
_AGAIN_AFTER_S: Final = 0.2
_RESENT_SHARE: Final = 0.2


class NotTakenError(Exception):
    """A door did not take what it should have; the message says what it said."""


@dataclass
class Sent:
    """Everything that was sent and taken. `clicks`: (link, class, day); `mails`: by the provider's event."""

    stated: list[StatedTotal] = field(default_factory=list)
    clicks: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    mails: dict[str, tuple[str, str, str, str, str]] = field(default_factory=dict)
    amounts: Counter[str] = field(default_factory=Counter)


class Doors:
    """The redirector's doors, by connections of their own."""

    def __init__(self, port: int, sent: Sent) -> None:
        self._port: Final = port
        self._sent: Final = sent

    async def all_of(self, calls: Sequence[Call], mailings: Sequence[Mailing], clicks: Sequence[Visit]) -> None:
        """Send everything, some at a time. Raises NotTakenError."""
        work: Iterator[Call | Mailing | Visit] = iter([*mailings, *calls, *clicks])

        async def send() -> None:
            connection = Connection(self._port, timeout_s=30)
            for one in work:
                if isinstance(one, Call):
                    await self._totals(connection, one)
                elif isinstance(one, Mailing):
                    await self._mailing(connection, one)
                else:
                    await self._click(connection, one)
            await connection.close()

        async with asyncio.TaskGroup() as group:
            for _ in range(CONNECTIONS):
                group.create_task(send())

    async def is_served(self, slug: str) -> bool:
        """Whether a link is known, by HEAD, which is no click."""
        connection = Connection(self._port, timeout_s=30)
        answer = await connection.send(f"HEAD /{slug} HTTP/1.1\r\nHost: {DOMAIN}\r\n\r\n".encode())
        await connection.close()
        return answer is not None and answer.status == 302

    async def _totals(self, connection: Connection, call: Call) -> None:
        answer = await self._post(connection, call.path, call.body, AS_WRITER)
        accepted_and_rejected = json.loads(answer.body)
        if (
            answer.status,
            accepted_and_rejected.get("accepted"),
            len(accepted_and_rejected.get("rejected", ())),
        ) != (
            202,
            len(call.stated),
            call.refused,
        ):
            raise NotTakenError(f"{call.path}: {answer.status} {answer.body[:1000].decode()}")
        self._sent.stated += call.stated
        self._sent.amounts["calls"] += 1
        self._sent.amounts["snapshots"] += len(call.stated)

    async def _mailing(self, connection: Connection, mailing: Mailing) -> None:
        headers = "\r\n".join(f"{name}: {value}" for name, value in mailing.headers.items())
        answer = await self._post(connection, mailing.path, mailing.body, headers)
        if answer.status != 200 or json.loads(answer.body)["accepted"] != len(mailing.counted):
            raise NotTakenError(f"{mailing.path}: {answer.status} {answer.body[:1000].decode()}")
        self._sent.mails |= mailing.counted
        self._sent.amounts["webhooks"] += 1
        self._sent.amounts["mail_events"] += len(mailing.counted)

    async def _click(self, connection: Connection, visit: Visit) -> None:
        headers = f"Host: {DOMAIN}\r\n" + (f"User-Agent: {visit.agent}\r\n" if visit.agent else "")
        headers += f"X-Forwarded-For: {visit.address}\r\n"
        headers += f"Sec-Purpose: {visit.purpose}\r\n" if visit.purpose else ""
        answer = await connection.send(f"GET /{visit.slug} HTTP/1.1\r\n{headers}\r\n".encode())
        if answer is None or answer.status != 302 or not answer.counted:
            raise NotTakenError(f"GET /{visit.slug}: {answer}")
        self._sent.clicks[visit.link, visit.visit_class, "now"] += 1
        self._sent.amounts["clicks"] += 1

    async def _post(self, connection: Connection, path: str, body: bytes, headers: str) -> Answer:
        """As pollers and providers do: what was not answered, or with 503, is sent again."""
        lines = "".join(
            f"{line}\r\n" for line in (f"Host: {DOMAIN}", f"Content-Length: {len(body)}", headers) if line
        )
        for _ in range(_TRIES):
            answer = await connection.send(f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode() + body)
            if answer is not None and answer.status != 503:
                return answer
            await asyncio.sleep(_AGAIN_AFTER_S)
        raise NotTakenError(f"POST {path}: no answer but 503 in {_TRIES} tries")


class Shop:
    """Another producer of clicks: straight into Kafka, with times of its own, some records twice."""

    def __init__(self, bootstrap: str, sent: Sent, rng: random.Random) -> None:
        self._producer: Any = AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True)
        self._sent: Final = sent
        self._rng: Final = rng
        self._seq = 0
        self._last: dict[int, int] = {}

    async def start(self) -> None:
        """Connect."""
        await self._producer.start()

    async def stop(self) -> None:
        """Disconnect."""
        await self._producer.stop()

    async def day(self, visits: Iterable[Visit], midnight_ms: int) -> None:
        """Clicks of a day that is over, a record a link."""
        by_link: dict[str, list[Visit]] = {}
        for visit in visits:
            by_link.setdefault(visit.link, []).append(visit)
        for link, some in by_link.items():
            partition = (murmur2(link.encode()) & 0x7FFFFFFF) % PARTITIONS
            first = self._seq + 1
            lines = []
            visitor = time_ms = 0
            for visit in some:
                self._seq += 1
                if visit.visit_class != "duplicate":
                    visitor, time_ms = self._seq, midnight_ms + self._rng.randrange(DAY_MS)
                lines.append(click_line(visit, time_ms, self._seq, visitor))
                self._sent.clicks[visit.link, visit.visit_class, day_of(time_ms)] += 1
            batch_headers = {
                "spool": SPOOL,
                "first": first,
                "last": self._seq,
                "prev": self._last.get(partition, 0),
            }
            headers = [(name, str(value).encode()) for name, value in batch_headers.items()]
            for _ in range(2 if self._rng.random() < _RESENT_SHARE else 1):
                await self._producer.send_and_wait(
                    CLICKS, b"\n".join(lines), key=link.encode(), partition=partition, headers=headers
                )
                self._sent.amounts["records_of_others"] += 1
            self._last[partition] = self._seq
            self._sent.amounts["clicks_of_others"] += len(some)
