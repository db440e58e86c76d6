"""Settings of the console."""

from typing import Literal

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from schemas.clickhouse.settings import ClickHouseSettings
from schemas.kafka import KafkaSettings


class ConsoleSettings(ClickHouseSettings, KafkaSettings):
    """`CLICKTALLY_CONSOLE_*`."""

    model_config = SettingsConfigDict(env_prefix="CLICKTALLY_CONSOLE_", frozen=True, extra="forbid")

    partitions: int = Field(
        4, ge=1, description="partitions of the topics clicks and impressions, when `migrate` creates them"
    )
    replication_factor: int = Field(1, ge=1, description="copies of each topic, when `migrate` creates it")
    retention_days: int = Field(
        7, ge=1, description="how long Kafka keeps events, when `migrate` creates their topics"
    )
    events_days: int = Field(
        90, ge=3, le=3650, description="how long ClickHouse keeps the table `events`; `migrate` applies it"
    )
    snapshots_days: int = Field(
        800, ge=1, le=3650, description="how long ClickHouse keeps the table `snapshots`; `migrate` applies it"
    )
    markers_days: int = Field(
        35,
        ge=8,
        le=120,
        description="how long ClickHouse keeps the markers of flushes, which the audit reads; `migrate` applies it",
    )
    minutes_days: int = Field(
        90, ge=8, le=3650, description="how many days of minutes `roll-up` leaves as they are, in the counters"
    )
    rolled_minutes: Literal[15, 30, 60] = Field(
        15, description="how long the windows are that `roll-up` makes of older minutes"
    )
    deadline_s: float = Field(60.0, gt=0, description="how long to wait for Kafka and for ClickHouse")
    time_zone: str = Field(
        "",
        description="time zone of the accounts whose files are imported, such as Europe/Berlin; empty: said at each"
        " import of totals of days",
    )
