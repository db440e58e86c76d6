"""What the relay can be told, as `CLICKTALLY_RELAY_…`."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from schemas.batches import MAX_BATCH_BYTES, MAX_BATCH_EVENTS
from schemas.kafka import KafkaSettings
from schemas.retry import RetryPolicy


class RelaySettings(KafkaSettings):
    """Settings of `python -m redirector relay`. Bounds that are not obvious stand beside each."""

    model_config = SettingsConfigDict(env_prefix="CLICKTALLY_RELAY_", frozen=True, extra="forbid")

    spool_dir: Path = Path("var/spool")
    link_cache_dir: Path = Path("var/links")
    metrics_host: str = "127.0.0.1"
    metrics_port: Annotated[int, Field(ge=0, le=65535)] = 9102
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    round_interval_ms: Annotated[int, Field(ge=1, le=10_000)] = 50
    """How often a spool is looked at, unless more waits than fits into a round: what this adds to a click's way at
    most. Fewer, larger records cost the relay, Kafka and the stream less."""
    scan_interval_ms: Annotated[int, Field(ge=1, le=60_000)] = 500
    """How often new spools are looked for, and gauges set."""
    round_bytes: Annotated[int, Field(ge=MAX_BATCH_BYTES, le=256 * 1024 * 1024)] = 4 * 1024 * 1024
    """Most that is read, sent and acknowledged between two checkpoints of a spool."""
    max_rounds: Annotated[int, Field(ge=1, le=1024)] = 16
    """Rounds of different spools at once; a round takes about four times its bytes of memory."""
    batch_events: Annotated[int, Field(ge=1, le=MAX_BATCH_EVENTS)] = MAX_BATCH_EVENTS
    batch_bytes: Annotated[int, Field(ge=1024, le=MAX_BATCH_BYTES)] = MAX_BATCH_BYTES

    compression: Literal["zstd", "lz4", "snappy", "none"] = "zstd"
    """aiokafka compresses lz4 at level 9: zstd takes an eighth of its time and comes out smaller."""
    linger_ms: Annotated[int, Field(ge=0, le=1000)] = 2
    request_timeout_ms: Annotated[int, Field(ge=1000, le=300_000)] = 10_000
    retry_min_ms: Annotated[int, Field(ge=1, le=60_000)] = 100
    retry_max_ms: Annotated[int, Field(ge=1, le=600_000)] = 5_000

    links_rebuild_after_s: Annotated[int, Field(ge=60)] = 12 * 3600
    """A cache that fell behind by more is read anew: compaction drops a deletion's record after a day."""

    @property
    def retry(self) -> RetryPolicy:
        """Of everything that waits for Kafka or for a disk; without an end."""
        return RetryPolicy(first_s=self.retry_min_ms / 1000, longest_s=self.retry_max_ms / 1000)
