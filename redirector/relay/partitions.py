"""Which partition a link's events belong to: what Kafka's default partitioner says, remembered per link."""

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from aiokafka.partitioner import murmur2

_REMEMBERED_LINKS: Final = 1 << 18

PartitionOf = Callable[[str], int]


@lru_cache(maxsize=16)
def partition_of(partitions: int) -> PartitionOf:
    """The partitioner of a topic with so many partitions. The key is the link in UTF-8."""

    @lru_cache(maxsize=_REMEMBERED_LINKS)
    def find(link: str) -> int:
        return int((murmur2(link.encode()) & 0x7FFFFFFF) % partitions)

    return find
