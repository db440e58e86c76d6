"""Faust, bent where the chain needs it: positions come from ClickHouse, commits are a courtesy.

Faust decides positions in `seek_to_committed`, which runs at the end of every rebalance (and may run in the
middle of one); a seek in a rebalance signal would be overwritten. See docs/adr/0007-faust.md.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Final, Protocol, cast

import faust
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import IllegalStateError, KafkaError
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.auth import Credentials, OAuthCredentials, SASLCredentials, SSLCredentials
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Transport
from faust.types import TP

from schemas.kafka import KafkaAccess
from schemas.topics import EVENT_TOPICS
from stream.log_reader import LogBounds, LogReader
from stream.settings import StreamSettings

logger = logging.getLogger(__name__)

FETCH_MAX_WAIT_MS: Final = 100
COMMITTED_WITHIN_S: Final = 5.0
FETCH_PATIENCE_S: Final = 1.0
"""How much longer than it should a fetch may take."""

_NEVER_S: Final = 10 * 365 * 24 * 3600.0


class Owner(Protocol):
    """Whoever decides where the worker's partitions are read from."""

    async def positions(self, consumer: "HeadConsumer") -> dict[TP, int]:
        """The offset to read next, of every partition that is assigned to it and to be read."""


class PromptConsumerThread(AIOKafkaConsumerThread):
    """Waits for nothing for long: what it does, it does one after the other.

    Not for a fetch to fill up, as in the 1.5 s that Faust hard-codes: a partition whose records were just taken
    cannot be asked for again before the fetch of all the others comes back, so that wait is added to the freshness
    of every second record (measured: 1.1 s and 2.6 s).
    """

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_MAX_WAIT_MS  # noqa: SLF001 - read when the consumer starts
        return consumer

    async def _fetch_records(
        self,
        consumer: AIOKafkaConsumer,
        active_partitions: set[TP],
        timeout: float | None = None,  # noqa: ASYNC109 - Faust's signature
        max_records: int | None = None,
    ) -> Any:
        """Records, or none when there is an end to waiting: aiokafka waits for the end of a rebalance that has
        begun, and nothing else is done in this thread meanwhile, not even what would end it.
        """
        fetching = super()._fetch_records(consumer, active_partitions, timeout, max_records)
        try:
            return await asyncio.wait_for(fetching, (timeout or 0.0) + FETCH_PATIENCE_S)
        except TimeoutError:
            return {}

    async def commit_within(self, offsets: Mapping[TopicPartition, OffsetAndMetadata]) -> None:
        """Commit, in this thread. Raises TimeoutError: aiokafka itself tries for as long as Kafka is away."""
        await asyncio.wait_for(self._ensure_consumer().commit(offsets), COMMITTED_WITHIN_S)


class _NothingRead(dict[TP, int | None]):
    """Faust's memory of what it delivered, always empty.

    Faust drops what lies before the offset it delivered last, and notes that offset after a seek too when the
    record was on its way before: records that were asked for again would go missing. The partitions know best
    what they have.
    """

    def __getitem__(self, tp: TP) -> None:
        return None

    def __setitem__(self, tp: TP, offset: int | None) -> None:
        pass


class HeadConsumer(Consumer):
    """Seeks to what the owner says instead of to Kafka's committed offsets."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._read_offset = _NothingRead()

    def _new_consumer_thread(self) -> PromptConsumerThread:
        return PromptConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Idempotent; awaited by Faust before it lets records flow, and once more while it does not.

        A rebalance may come while positions are looked up: what is sought is the assignment as it is then.
        """
        app = cast("StreamApp", self.app)
        while self.assignment():
            positions = await app.owner.positions(self)
            try:
                await self.seek_wait(positions)
            except IllegalStateError:
                logger.info("the assignment changed while positions were sought; seeking again")
                continue
            return positions
        return {}

    async def bounds(self, tps: set[TP]) -> dict[TP, LogBounds]:
        """Where the logs begin and end, asked from the broker. Raises KafkaError."""
        return await cast("StreamApp", self.app).log_reader.bounds(tps)

    async def first_at(self, tp: TP, offset: int) -> int | None:
        """The offset of the first record from `offset` on; None when there is none, or Kafka does not answer.

        Asked by a consumer of its own: what Faust hands over may be left over from before a seek.
        """
        return await cast("StreamApp", self.app).log_reader.first_at(tp, offset)

    async def commit_heads(self, heads: Mapping[TP, int]) -> bool:
        """Tell Kafka how far ClickHouse is, for lag monitors. A failure is logged and of no consequence."""
        offsets = {
            TopicPartition(tp.topic, tp.partition): OffsetAndMetadata(offset, "")
            for tp, offset in heads.items()
            if tp in self.assignment()
        }
        if not offsets:
            return False
        try:
            async with asyncio.timeout(2 * COMMITTED_WITHIN_S):
                thread = cast("PromptConsumerThread", self._thread)  # Faust has no public way
                await thread.call_thread(thread.commit_within, offsets)
        except (KafkaError, TimeoutError) as error:
            logger.warning("Kafka did not take the committed offsets: %r", error)
            return False
        return True

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Faust's livelock detector looks at commits, which are not what progress means here."""


class HeadTransport(Transport):
    """Faust's aiokafka transport with the consumer above."""

    Consumer = HeadConsumer


class StreamApp(faust.App):
    """A Faust app whose `owner` decides positions."""

    owner: Owner
    log_reader: LogReader

    def _new_transport(self) -> Transport:
        return HeadTransport(self.conf.broker_consumer, self)


def make_app(settings: StreamSettings, state_dir: str) -> StreamApp:
    """The Faust app: group membership, fetching and the agent's stream; no tables, no web, no auto-commit."""
    options: dict[str, Any] = {"broker_client_id": settings.kafka.client_id}
    if (credentials := _credentials(settings.kafka)) is not None:
        options["broker_credentials"] = credentials
    if settings.instance_id:
        options["consumer_group_instance_id"] = settings.instance_id
    app = StreamApp(
        settings.group,
        broker=[f"kafka://{server.strip()}" for server in settings.bootstrap_servers.split(",")],
        store="memory://",
        datadir=state_dir,
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=8 * 1024 * 1024,
        stream_wait_empty=False,
        stream_buffer_maxsize=256,
        broker_session_timeout=settings.session_timeout_s,
        broker_heartbeat_interval=settings.heartbeat_interval_s,
        broker_rebalance_timeout=max(60.0, settings.session_timeout_s),
        broker_request_timeout=max(90.0, settings.session_timeout_s + 1),
        broker_max_poll_interval=3600.0,
        broker_commit_livelock_soft_timeout=_NEVER_S,
        **options,
    )
    app.log_reader = LogReader(settings.kafka)
    return app


def _credentials(kafka: KafkaAccess) -> Credentials | None:
    """What `KafkaAccess.arguments` says, as Faust wants it said; None for plain text."""
    context = kafka.tls_context()
    if not kafka.security_protocol.startswith("SASL"):
        return None if context is None else SSLCredentials(context)
    if (provider := kafka.token_provider()) is not None:
        return OAuthCredentials(oauth_cb=provider, ssl_context=context)
    return SASLCredentials(
        username=kafka.sasl_user,
        password=kafka.sasl_password.get_secret_value(),
        mechanism=kafka.sasl_mechanism,
        ssl_context=context,
    )


def stream_topic(app: StreamApp) -> Any:
    """The topics of events, as bytes."""
    return app.topic(*EVENT_TOPICS, key_serializer="raw", value_serializer="raw")
