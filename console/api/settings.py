"""What an operator can set about `python -m console serve`."""

from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from console.api.hosts import is_host_name
from console.api.link_urls import read_link_urls
from schemas.clickhouse.settings import ClickHouseSettings
from schemas.kafka import KafkaSettings
from schemas.links import read_domain
from schemas.settings import CommaSeparated, OptionalFile

Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(gt=0)]


class ApiSettings(ClickHouseSettings, KafkaSettings):
    """Read from `CLICKTALLY_API_*`."""

    model_config = SettingsConfigDict(env_prefix="CLICKTALLY_API_", frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: Port = 8090
    metrics_host: str = "127.0.0.1"
    metrics_port: Port = 9105
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    directory: Path = Path("var/console")
    """Where the index lies: it follows from Kafka, deleting it costs reading the topics again."""

    group: str = Field("clicktally-console", min_length=1, max_length=200)
    """Consumer group in which the consoles of one installation elect who writes; also their transactional id."""
    advertised_url: str = ""
    """Where the other consoles reach this one; empty: http://host:port."""
    session_timeout_s: Annotated[float, Field(ge=6, le=300)] = 6.0
    """How long a console that fell silent stays the writer."""
    write_within_s: Seconds = 10.0
    """How long Kafka may take to make a change durable; whether it was made is not known afterwards."""

    redirector_url: str = ""
    """A redirector of this host, asked whether it answers with a change; empty: none is asked."""
    redirector_refresh_s: Annotated[float, Field(ge=0)] = 0.05
    """How long other processes of the redirector may take longer: `CLICKTALLY_SERVE_LINK_REFRESH_S`."""
    served_within_s: Seconds = 2.0
    """How long a change waits for that redirector; then it is answered 202."""

    domains: CommaSeparated = ()
    """Domains on which links may be made, the first where none is named; empty: any, and it must be named."""
    internal_destinations: bool = False
    """Let links lead to localhost, private addresses and names such as wiki.internal."""
    own_destinations: bool = False
    """Let links lead to domains that have links."""
    slug_length: Annotated[int, Field(ge=5, le=32)] = 7
    """Characters of a slug that is made up."""
    deleted_kept_days: Seconds = 30.0
    """How long a deleted link can be restored."""
    keys_kept_h: Seconds = 48.0
    """How long an Idempotency-Key is remembered."""

    link_urls: CommaSeparated = ()
    """Where visitors open links, such as http://{domain}:8080, then of single domains: go.example=https://go.example.
    QR codes say it, and the page opens and copies it. Empty: https://{domain}."""
    scan_parameter: str = "qr"
    """Query parameter by which scans are told apart: `CLICKTALLY_SERVE_SCAN_PARAMETER`."""
    opt_out_parameter: str = ""
    """Query parameter by which visitors ask not to be recognized: `CLICKTALLY_SERVE_OPT_OUT_PARAMETER`."""

    report_within_s: Annotated[float, Field(ge=1)] = 30.0
    """How long ClickHouse may take for a report."""

    listeners_most: Count = 5_000
    """Who may listen to live counts at a time."""

    page_url: str = ""
    """Where browsers find the page, such as https://clicks.example; with https the session's cookie travels by TLS
    alone. Empty: wherever they asked."""
    page_directory: OptionalFile = None
    """Where the built page lies; empty: beside the code."""
    session_h: Seconds = 168.0
    """How long somebody who signed in stays so."""
    session_idle_h: Seconds = 12.0
    """How long a session lasts that nobody uses."""
    zones: CommaSeparated = ("UTC",)
    """The time zone in which the page shows counts, then those of accounts: Europe/Berlin,acme=Asia/Tokyo."""

    requests_per_second: Seconds = 50.0
    """Of one token, on average."""
    requests_burst: Count = 200
    """Of one token, at once."""
    wrong_tokens_per_minute: Count = 10
    """Wrong tokens that an address, or an IPv6 /64, may show before it is told to wait."""
    max_body_bytes: Annotated[int, Field(ge=16_384)] = 131_072
    """Most bytes of a body, and of a line in bulk."""
    body_timeout_s: Seconds = 20.0
    """How long a body may take to arrive, and how long a line in bulk may be waited for."""
    search_within_s: Seconds = 0.15
    """How long a page is looked for; one that is not full by then says where to go on."""

    @field_validator("domains")
    @classmethod
    def _are_domains(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        domains = tuple(read_domain(one) for one in value)
        wrong = [domain for domain in domains if not is_host_name(domain)]
        if wrong:
            raise ValueError(f"{', '.join(wrong)} can be no link's domain")
        return domains

    @field_validator("link_urls")
    @classmethod
    def _are_link_urls(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        read_link_urls(value)
        return value

    @field_validator("zones")
    @classmethod
    def _are_zones(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            zone = one.rpartition("=")[2]
            try:
                ZoneInfo(zone)
            except (ZoneInfoNotFoundError, ValueError, OSError) as error:
                raise ValueError(f"there is no zone {zone!r}: name one such as Europe/Berlin") from error
        return value

    def zone_of(self, account: str) -> str:
        """The time zone of an account; of those that have none of their own, the one named alone."""
        zones = {name: zone for name, _, zone in (one.rpartition("=") for one in self.zones)}
        return zones.get(account) or zones.get("") or "UTC"

    @model_validator(mode="after")
    def _urls_are_urls(self) -> Self:
        for name in ("advertised_url", "redirector_url", "page_url"):
            url = getattr(self, name)
            if url and not url.startswith(("http://", "https://")):
                raise ValueError(f"CLICKTALLY_API_{name.upper()} {url!r} is no URL: start it with http://")
        return self
