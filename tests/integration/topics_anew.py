"""Topics as nobody has written to them yet."""

import asyncio
from collections.abc import Collection

from aiokafka.admin import AIOKafkaAdminClient

from schemas.topics import ensure_topics, topics


async def delete_topics(bootstrap: str, names: Collection[str]) -> None:
    """Until they are gone everywhere; one that is not there is no matter."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        if old := sorted(set(names) & set(await admin.list_topics())):
            await admin.delete_topics(old)
            while set(old) & set(await admin.list_topics()):  # noqa: ASYNC110 - asks a server
                await asyncio.sleep(0.05)
    finally:
        await admin.close()


async def make_anew(bootstrap: str, *names: str, partitions: int) -> None:
    """These topics of the pipeline, or all of them, empty; those that are missing are made too."""
    wanted = topics(partitions=partitions)
    await delete_topics(bootstrap, names or [topic.name for topic in wanted])
    await ensure_topics(bootstrap, wanted)
