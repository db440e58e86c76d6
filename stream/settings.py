"""Settings of a stream worker."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from schemas.clickhouse.settings import ClickHouseSettings
from schemas.event_times import MAX_AGE_DAYS, MAX_SKEW_S
from schemas.kafka import KafkaSettings
from schemas.topics import CLICKS, IMPRESSIONS


class StreamSettings(ClickHouseSettings, KafkaSettings):
    """`CLICKTALLY_STREAM_*`."""

    model_config = SettingsConfigDict(env_prefix="CLICKTALLY_STREAM_", frozen=True, extra="forbid")

    clickhouse_timeout_s: float = Field(
        30.0, gt=0, description="how long to wait for an answer before asking again"
    )
    request_timeout_ms: int = Field(
        10_000, ge=1000, le=300_000, description="how long Kafka may take to acknowledge a dead letter"
    )
    group: str = Field("clicktally-stream", description="consumer group; the workers of one installation share it")
    instance_id: str = Field(
        "",
        description="name of this worker; with one, a restart gets its partitions back without a rebalance",
    )
    epoch: int = Field(
        1,
        ge=1,
        description="raise it by one after both event topics were deleted and created anew, and only then",
    )
    clicks_epoch: int = Field(
        0, ge=0, description="the same for topic `clicks` alone; 0: what CLICKTALLY_STREAM_EPOCH says"
    )
    impressions_epoch: int = Field(
        0, ge=0, description="the same for topic `impressions` alone; 0: what CLICKTALLY_STREAM_EPOCH says"
    )
    flush_interval_s: float = Field(
        1.0,
        gt=0,
        description="how long counted events wait at most before they are inserted; less while ClickHouse has time",
    )
    flush_events: int = Field(
        100_000, ge=1, description="events of a partition that are inserted without waiting longer"
    )
    buffer_events: int = Field(
        800_000, ge=1, description="events a worker holds before it stops reading from Kafka"
    )
    parallel_flushes: int = Field(2, ge=1, description="partitions that are inserted at the same time")
    max_skew_s: float = Field(
        MAX_SKEW_S, ge=0, description="how far an event may lie in the future; beyond: dead letter"
    )
    max_age_days: float = Field(
        MAX_AGE_DAYS, gt=0, le=100, description="how old an event may be; beyond: dead letter"
    )
    snapshot_max_age_days: float = Field(
        730.0,
        gt=0,
        le=3650,
        description="how long ago a snapshot's period may have ended, or its total been read; beyond: dead letter",
    )
    opening_after_hours: float = Field(
        48.0,
        ge=0,
        description="a post's first total is an opening when the post was older than this, or its age unknown",
    )
    allowed_lateness_s: float = Field(
        60.0, ge=0, description="how long after its window's end an event is not yet late"
    )
    duplicate_window_s: float = Field(
        10.0,
        ge=0,
        le=60,
        description="a click is a duplicate within so long of one of the same visitor on the same link; 0: none is",
    )
    clicks_per_minute: int = Field(
        120,
        ge=0,
        le=60_000,
        description="a visitor's clicks beyond are those of a bot, by partition and minute; 0: none are",
    )
    bots_include: str = Field(
        "", description="file of own bots: patterns of user agents, one a line, in Hyperscan's syntax"
    )
    bots_exclude: str = Field("", description="file of what is no bot, whatever a list says; as bots_include")
    bots_iab: str = Field(
        "", description="files of the IAB/ABC International Spiders and Bots List, comma-separated"
    )
    dead_letter_ratio: float = Field(
        0.5,
        gt=0,
        le=1,
        description="a partition stops being counted when more of its last events would be dead letters; 1: never",
    )
    dead_letter_window: int = Field(10_000, ge=1, description="how many last events that ratio is taken of")
    dead_letter_least: int = Field(1_000, ge=1, description="fewer dead letters among them stop nothing")
    session_timeout_s: float = Field(
        10.0, gt=0, description="after this silence Kafka gives a worker's partitions away"
    )
    heartbeat_interval_s: float = Field(1.0, gt=0, description="how often a worker tells Kafka that it lives")
    stalled_after_s: float = Field(
        60.0, gt=0, description="a worker with lag that read nothing for this long ends itself, to be started anew"
    )
    metrics_host: str = Field("127.0.0.1", description="address of /metrics, /healthz and /readyz")
    metrics_port: int = Field(9103, ge=0, le=65535, description="port of /metrics, /healthz and /readyz")
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")

    @property
    def epochs(self) -> dict[str, int]:
        """The epoch of each event topic."""
        return {CLICKS: self.clicks_epoch or self.epoch, IMPRESSIONS: self.impressions_epoch or self.epoch}
