"""What `make run` and `make replay` can be told, and what follows from it for each process."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from deploy.local.places.database import places_file
from deploy.local.settings import LocalSettings
from schemas.settings import ServiceSettings

_MOST_OF_A_KIND: Final = 9


class RunSettings(ServiceSettings):
    """`CLICKTALLY_RUN_*`; where the embedded Kafka and ClickHouse are, CLICKTALLY_LOCAL_* says."""

    model_config = SettingsConfigDict(env_prefix="CLICKTALLY_RUN_", frozen=True, extra="forbid")

    host: str = Field("127.0.0.1", description="address that links are answered on")
    port: int = Field(8080, ge=1, le=65535, description="port that links are answered on, by all serve processes")
    console_port: int = Field(8090, ge=1, le=65535, description="port of the console's API, on this machine alone")
    metrics_ports: int = Field(
        9100,
        ge=1100,
        le=65400,
        multiple_of=100,
        description="hundred that the metrics ports are in: serve from 1, relay 11, tables 12, API 13, poll 14,"
        " stream 21",
    )
    serve_processes: int = Field(2, ge=1, le=_MOST_OF_A_KIND, description="serve processes that share the port")
    stream_workers: int = Field(2, ge=1, le=_MOST_OF_A_KIND, description="stream workers that share the partitions")
    partitions: int = Field(4, ge=1, description="partitions of clicks and impressions, on the first run")
    database: str = Field("clicktally", pattern=r"^[A-Za-z_]\w*$", description="ClickHouse database")
    ready_within_s: float = Field(120.0, gt=0, description="how long each part may take to come up")
    counted_within_s: float = Field(
        30.0, gt=0, description="how long `make run` waits for its first click to be counted; it goes on without"
    )


@dataclass(frozen=True)
class Stack:
    """One stack: where its parts listen and what its processes are told."""

    local: LocalSettings
    run: RunSettings

    @property
    def directory(self) -> Path:
        """Everything that must survive a restart."""
        return self.local.data_dir.resolve()

    @property
    def polls(self) -> bool:
        """Whether there are accounts of platforms to poll for."""
        return any(os.environ.get(name) for name in ("CLICKTALLY_POLL_ACCOUNTS_FILE", "CLICKTALLY_POLL_ACCOUNTS"))

    @property
    def places_file(self) -> str:
        """What tells countries: the operator's file, none where that is empty, else the one that setup fetched."""
        fetched = places_file(self.local)
        return os.environ.get("CLICKTALLY_SERVE_PLACES_FILE", str(fetched) if fetched.is_file() else "")

    @property
    def logs(self) -> Path:
        """A file a process."""
        return self.directory / "logs"

    @property
    def base_url(self) -> str:
        """Where links are answered."""
        return f"http://{self.run.host}:{self.run.port}"

    @property
    def console_url(self) -> str:
        """The console's API."""
        return f"http://127.0.0.1:{self.run.console_port}"

    @property
    def bootstrap_servers(self) -> str:
        """Kafka."""
        return f"{self.local.host}:{self.local.kafka_port}"

    @property
    def clickhouse_url(self) -> str:
        """ClickHouse, with the password."""
        user = quote(self.local.clickhouse_user, safe="")
        password = quote(self.local.clickhouse_password.get_secret_value(), safe="")
        return f"http://{user}:{password}@{self.local.host}:{self.local.clickhouse_port}/{self.run.database}"

    @property
    def metrics_ports(self) -> dict[str, int]:
        """The metrics port of each process, by its name."""
        base, run = self.run.metrics_ports, self.run
        return {
            **{f"serve-{number}": base + number for number in range(1, run.serve_processes + 1)},
            "relay": base + 11,
            "tables": base + 12,
            "api": base + 13,
            **({"poll": base + 14} if self.polls else {}),
            **{f"stream-{number}": base + 20 + number for number in range(1, run.stream_workers + 1)},
        }

    @property
    def listeners(self) -> dict[str, int]:
        """Every port, by what listens there."""
        return {
            "links": self.run.port,
            "the console": self.run.console_port,
            "Kafka": self.local.kafka_port,
            "Kafka's own quorum": self.local.kafka_controller_port,
            "ClickHouse": self.local.clickhouse_port,
            **{f"metrics of {name}": port for name, port in self.metrics_ports.items()},
        }

    def environment(self, socket: Path) -> dict[str, str]:
        """For supervisord and, through it, all processes. Their metrics ports are in supervisord.conf."""
        spool, links = str(self.directory / "spool"), str(self.directory / "links")
        return {
            **os.environ,
            "CLICKTALLY_STACK_PYTHON": sys.executable,
            "CLICKTALLY_STACK_DIR": str(self.directory),
            "CLICKTALLY_STACK_SOCKET": str(socket),
            "CLICKTALLY_STACK_METRICS": str(self.run.metrics_ports // 100),
            "CLICKTALLY_STACK_SERVE": str(self.run.serve_processes),
            "CLICKTALLY_STACK_STREAM": str(self.run.stream_workers),
            "CLICKTALLY_LOCAL_DATA_DIR": str(self.directory),
            "CLICKTALLY_SERVE_HOST": self.run.host,
            "CLICKTALLY_SERVE_PORT": str(self.run.port),
            "CLICKTALLY_SERVE_SPOOL_DIR": spool,
            "CLICKTALLY_SERVE_LINK_CACHE_DIR": links,
            "CLICKTALLY_SERVE_PLACES_FILE": self.places_file,
            "CLICKTALLY_SERVE_CLOUD_NETWORKS": os.environ.get("CLICKTALLY_SERVE_CLOUD_NETWORKS", "true"),
            # So that `make replay` can speak for the clients of its log.
            "CLICKTALLY_SERVE_TRUSTED_PROXIES": "127.0.0.0/8,::1/128",
            "CLICKTALLY_RELAY_BOOTSTRAP_SERVERS": self.bootstrap_servers,
            "CLICKTALLY_RELAY_SPOOL_DIR": spool,
            "CLICKTALLY_RELAY_LINK_CACHE_DIR": links,
            "CLICKTALLY_STREAM_BOOTSTRAP_SERVERS": self.bootstrap_servers,
            "CLICKTALLY_STREAM_CLICKHOUSE_URL": self.clickhouse_url,
            "CLICKTALLY_TABLES_BOOTSTRAP_SERVERS": self.bootstrap_servers,
            "CLICKTALLY_TABLES_CLICKHOUSE_URL": self.clickhouse_url,
            "CLICKTALLY_API_BOOTSTRAP_SERVERS": self.bootstrap_servers,
            "CLICKTALLY_API_CLICKHOUSE_URL": self.clickhouse_url,
            "CLICKTALLY_API_PORT": str(self.run.console_port),
            "CLICKTALLY_API_DIRECTORY": str(self.directory / "console"),
            "CLICKTALLY_API_REDIRECTOR_URL": self.base_url,
            "CLICKTALLY_API_LINK_URLS": os.environ.get(
                "CLICKTALLY_API_LINK_URLS", f"http://{{domain}}:{self.run.port}"
            ),
            "CLICKTALLY_POLL_STATE_FILE": str(self.directory / "poll.sqlite3"),
            **self.console_environment(),
        }

    def console_environment(self) -> dict[str, str]:
        """For `clicktally` commands against this stack."""
        return {
            "CLICKTALLY_CONSOLE_BOOTSTRAP_SERVERS": self.bootstrap_servers,
            "CLICKTALLY_CONSOLE_CLICKHOUSE_URL": self.clickhouse_url,
            "CLICKTALLY_CONSOLE_PARTITIONS": str(self.run.partitions),
        }
