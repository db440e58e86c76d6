"""Where the embedded stack lives, which ports it takes and which versions it runs."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from schemas.settings import CommaSeparated, OptionalFile, ServiceSettings


class LocalSettings(ServiceSettings):
    """Settings of the embedded stack; environment variables with the prefix ``CLICKTALLY_LOCAL_``.

    Two stacks stand side by side when each has its own ``data_dir`` and ports.
    """

    model_config = SettingsConfigDict(env_prefix="CLICKTALLY_LOCAL_", frozen=True, extra="forbid")

    host: str = Field(default="127.0.0.1", description="address that Kafka and ClickHouse listen on")
    data_dir: Path = Field(default=Path(".data"), description="everything that must survive a restart")
    cache_dir: Path = Field(
        default=Path("~/.cache/clicktally"), description="downloads: jars, countries; shared by all clones"
    )

    kafka_version: str = Field(default="4.4.0", description="as in deploy/local/kafka/pom.xml")
    kafka_port: int = Field(default=9092, ge=1, le=65535, description="clients")
    kafka_controller_port: int = Field(default=9093, ge=1, le=65535, description="the broker's own quorum")
    kafka_second_port: int = Field(
        default=0, ge=0, le=65535, description="another listener, for clients behind a proxy or tunnel; 0: none"
    )
    kafka_second_advertised_port: int = Field(
        default=0, ge=0, le=65535, description="the port those clients are told to connect to"
    )
    kafka_secure_port: int = Field(
        default=0, ge=0, le=65535, description="a listener of SASL_SSL with SCRAM-SHA-512; 0: none"
    )
    kafka_secure_pem: OptionalFile = Field(
        default=None, description="its key and certificates, one PEM file; the key as PKCS 8"
    )
    kafka_secure_clients_ca: OptionalFile = Field(
        default=None, description="ask clients for a certificate signed by one of these; empty: ask for none"
    )
    kafka_secure_user: str = Field(default="", description="its only user, made when the log is formatted")
    kafka_secure_password: SecretStr = Field(default=SecretStr(""), description="and what they know")
    kafka_heap_mb: int = Field(default=256, ge=128, description="heap of the broker's JVM, MiB")

    clickhouse_port: int = Field(default=8123, ge=1, le=65535, description="ClickHouse's HTTP interface")
    clickhouse_user: str = Field(default="default", description="the user that may write; the stream's")
    clickhouse_password: SecretStr = Field(
        default=SecretStr(""), description="empty: none is asked for, and `host` must be a loopback address"
    )
    clickhouse_reader_user: str = Field(default="reader", description="the user that may only read; for BI tools")
    clickhouse_reader_password: SecretStr = Field(
        default=SecretStr(""), description="empty: none is asked for, and `host` must be a loopback address"
    )
    clickhouse_reader_max_execution_s: int = Field(default=60, ge=1, description="seconds a reader's query may run")
    clickhouse_reader_max_memory_bytes: int = Field(
        default=2_000_000_000, ge=1, description="memory that a reader's query may take"
    )
    clickhouse_reader_max_result_rows: int = Field(
        default=1_000_000, ge=1, description="rows that a reader's query may answer with"
    )
    clickhouse_reader_max_result_bytes: int = Field(
        default=1_000_000_000, ge=1, description="bytes that a reader's query may answer with, before any coding"
    )
    clickhouse_reader_max_body_bytes: int = Field(
        default=67_108_864,
        ge=1,
        description="bytes that a reader's request may have, its tables with it, as sent and once more unpacked",
    )
    clickhouse_max_execution_s: int = Field(
        default=600, ge=1, description="seconds a writer's SELECT may run, unless it sets max_execution_time itself"
    )
    clickhouse_threads: int = Field(
        default=32, ge=2, description="queries of the writer that run at the same time; others wait"
    )
    clickhouse_insert_threads: int = Field(
        default=16, ge=2, description="threads that only the writer's inserts take: no query delays the stream"
    )
    clickhouse_reader_threads: int = Field(
        default=8, ge=1, description="queries of the reader that run at the same time; others wait"
    )
    clickhouse_hosts: CommaSeparated = Field(
        default=(),
        description="names that clients may call ClickHouse's HTTP interface by, besides localhost and addresses; "
        "any other is refused, as it may be a web page's that points its own name here",
    )
    clickhouse_origins: CommaSeparated = Field(
        default=(), description="origins of web pages that may query, such as https://bi.example (CORS); `*`: all"
    )

    @property
    def kafka_dir(self) -> Path:
        """The broker's log, its rendered properties and the mark that it is formatted."""
        return (self.data_dir / "kafka").resolve()

    @property
    def clickhouse_dir(self) -> Path:
        """Tables and metadata of the ClickHouse engine."""
        return (self.data_dir / "clickhouse").resolve()

    @property
    def kafka_jars_dir(self) -> Path:
        """The class path of the broker."""
        return self.cache_dir.expanduser().resolve() / f"kafka-{self.kafka_version}"
