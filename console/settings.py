"""Settings of the console."""

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from schemas.settings import ServiceSettings


class ConsoleSettings(ServiceSettings):
    """`CLICKTALLY_CONSOLE_*`."""

    model_config = SettingsConfigDict(env_prefix="CLICKTALLY_CONSOLE_", frozen=True, extra="forbid")

    bootstrap_servers: str = Field(
        "localhost:9092", description="Kafka's bootstrap servers, host:port, comma-separated"
    )
    clickhouse_url: SecretStr = Field(
        SecretStr("http://localhost:8123/clicktally"), description="http://user:password@host:port/database"
    )
    partitions: int = Field(
        4, ge=1, description="partitions of the topics clicks and impressions, when `migrate` creates them"
    )
    replication_factor: int = Field(1, ge=1, description="copies of each topic, when `migrate` creates it")
    retention_days: int = Field(
        7, ge=1, description="how long Kafka keeps events, when `migrate` creates their topics"
    )
    deadline_s: float = Field(60.0, gt=0, description="how long to wait for Kafka and for ClickHouse")
