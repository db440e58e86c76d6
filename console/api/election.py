"""Which console writes: one member of a consumer group, and every member knows where it is.

The group's own protocol decides: whoever joins says where it is and whether it writes; the assignment that all
get says who does from now on. Who wrote before goes on, so that a console that joins interrupts nobody. A silent
member is put out after the session timeout. That two believe to be the writer for a moment does no harm: the
transactional id fences the older one (`writer.py`).
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata
from aiokafka.errors import KafkaError

from schemas.kafka import KafkaAccess
from schemas.retry import Retry, RetryPolicy
from schemas.topics import LINKS

log = logging.getLogger(__name__)

_POLL_MS: Final = 500
_RETRY: Final = RetryPolicy(first_s=0.2, longest_s=5.0)


class Member(msgspec.Struct, frozen=True):
    """What a console says of itself when it joins."""

    url: str
    writes: bool


class Assigned(msgspec.Struct, frozen=True):
    """What every console is told: who writes."""

    member: str
    url: str


def choose_writer(members: Mapping[str, Member]) -> Assigned:
    """Who wrote before, else the first by name; of two who believe they do, the first by name too."""
    name = min(members, key=lambda one: (not members[one].writes, one))
    return Assigned(name, members[name].url)


class Election(AbstractPartitionAssignor):  # type: ignore[misc] # aiokafka ships no types
    """This console's part in the group. `changed` waits until who writes is decided again."""

    name = "clicktally-writer"

    def __init__(self, kafka: KafkaAccess, group: str, url: str, *, session_timeout_s: float) -> None:
        self._kafka: Final = kafka
        self._group: Final = group
        self._url: Final = url
        self._session_timeout_ms: Final = int(session_timeout_s * 1000)
        self._heard: Final = asyncio.Event()
        self._resigned: Final = asyncio.Event()
        self.writer_url = ""
        """Where the writer is; empty while nobody is known to write."""
        self.elected = False
        """Whether this console is to write."""

    # what the group's protocol calls

    def metadata(self, topics: Iterable[str]) -> Any:
        """What this member says of itself."""
        user_data = msgspec.json.encode(Member(self._url, self.elected))
        return ConsumerProtocolMemberMetadata(0, list(topics), user_data)

    def assign(self, _cluster: Any, members: Mapping[str, Any]) -> dict[str, Any]:
        """Called on the one member that the broker chose to decide."""
        member_of = {
            name: msgspec.json.decode(metadata.user_data, type=Member) for name, metadata in members.items()
        }
        chosen = choose_writer(member_of)
        user_data = msgspec.json.encode(chosen)
        return {
            name: ConsumerProtocolMemberAssignment(0, [(LINKS, [0])] if name == chosen.member else [], user_data)
            for name in members
        }

    def on_assignment(self, assignment: Any) -> None:
        """Who writes from now on."""
        assigned = msgspec.json.decode(assignment.user_data, type=Assigned)
        self.elected = bool(assignment.partitions())
        self.writer_url = assigned.url
        log.info("the writer is %s", assigned.url, extra={"elected": self.elected})
        self._heard.set()

    # what the console calls

    async def run(self) -> None:
        """Be a member until cancelled."""
        await Retry(_RETRY, on_first=self._tell).for_ever(self._take_part, on=(KafkaError, OSError))

    async def changed(self) -> None:
        """Wait until who writes was decided again."""
        await self._heard.wait()
        self._heard.clear()

    def resign(self) -> None:
        """A newer writer was met: this console is none, whatever the group said."""
        self.elected = False
        self._resigned.set()

    def _tell(self, error: Exception) -> None:
        log.warning("the group %s cannot be joined, who writes is not known: %r", self._group, error)

    async def _take_part(self) -> None:
        self._resigned.clear()
        consumer = AIOKafkaConsumer(
            **self._kafka.arguments("election"),
            group_id=self._group,
            # Static membership: who is started again takes its place at once, not when its silence was noticed.
            group_instance_id=f"{self._group}@{self._url}",
            partition_assignment_strategy=[self],
            enable_auto_commit=False,
            auto_offset_reset="latest",
            session_timeout_ms=self._session_timeout_ms,
            heartbeat_interval_ms=self._session_timeout_ms // 6,
            rebalance_timeout_ms=self._session_timeout_ms,
        )
        consumer.subscribe([LINKS])
        try:
            await consumer.start()
            while not self._resigned.is_set():
                # The group wants to be asked for records now and then; none are read.
                consumer.pause(*consumer.assignment())
                await consumer.getmany(timeout_ms=_POLL_MS)
        finally:
            self.elected = False
            self.writer_url = ""
            self._heard.set()
            await consumer.stop()
