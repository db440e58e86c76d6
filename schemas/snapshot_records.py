"""Snapshots as records of the topic `impressions`: one each, keyed like all events of their link."""

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec

from schemas.producer import Producer
from schemas.snapshots import Snapshot
from schemas.topics import IMPRESSIONS

_encode: Final = msgspec.json.Encoder().encode


def record_key(snapshot: Snapshot) -> str:
    """The link, so that its events are in one partition; of a post without one its platform and id."""
    return snapshot.link or f"{snapshot.platform}:{snapshot.post}"


async def send_snapshots(producer: Producer, snapshots: Sequence[Snapshot]) -> None:
    """Return once all are durable. Raises TransientError: send all again by a new producer, it changes nothing.

    Kafka's default partitioner chooses the partition by the key, as it does for everybody else's records.
    """
    await asyncio.gather(
        *(
            producer.send(IMPRESSIONS, None, _encode(one), key=record_key(one).encode(), headers=[])
            for one in snapshots
        )
    )
