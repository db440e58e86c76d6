"""Settings of the service that copies topics into tables, matches posts and makes breakdowns."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from schemas.clickhouse.settings import ClickHouseSettings
from schemas.kafka import KafkaSettings


class TablesSettings(ClickHouseSettings, KafkaSettings):
    """`CLICKTALLY_TABLES_*`."""

    model_config = SettingsConfigDict(env_prefix="CLICKTALLY_TABLES_", frozen=True, extra="forbid")

    clickhouse_timeout_s: float = Field(
        30.0, gt=0, description="how long to wait for an answer before asking again"
    )
    request_timeout_ms: int = Field(10_000, ge=1000, le=300_000, description="how long Kafka may take to answer")
    links_epoch: int = Field(
        0,
        ge=0,
        description="orders to read the topic `links` anew, once, where it is above the epoch of the table; see"
        " docs/runbooks/topic-recreated.md",
    )
    rebuild_after_s: float = Field(
        12 * 3600.0,
        ge=60,
        description="a table this far behind is read anew: compaction drops a deletion's record after a day",
    )
    match_every_s: float = Field(
        10.0,
        gt=0,
        description="seconds between looks for links of posts that had none; more where a look takes long",
    )
    breakdown_every_s: float = Field(
        60.0, gt=0, description="seconds between looks for days whose breakdowns are to be made, or made anew"
    )
    link_days_every_s: float = Field(
        60.0, gt=0, description="seconds between looks for days whose sums of links are to be made, or made anew"
    )
    metrics_host: str = Field("127.0.0.1", description="address of /metrics, /healthz and /readyz")
    metrics_port: int = Field(9104, ge=0, le=65535, description="port of /metrics, /healthz and /readyz")
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")
