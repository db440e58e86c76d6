"""What an operator can set about `serve`."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal, cast

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from redirector.serve.networks import ORDER
from redirector.serve.webhooks.sendgrid import read_key
from redirector.serve.webhooks.sns import host_of
from schemas.event_times import MAX_AGE_DAYS, MAX_SKEW_S, SNAPSHOT_MAX_AGE_DAYS
from schemas.events import Network
from schemas.links import read_domain
from schemas.settings import CommaSeparated, ServiceSettings

Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(gt=0)]


class ServeSettings(ServiceSettings):
    """Read from `CLICKTALLY_SERVE_*`. Processes that share a port differ in their metrics port alone."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_prefix="CLICKTALLY_SERVE_")

    host: str = "127.0.0.1"
    port: Port = 8080
    metrics_host: str = "127.0.0.1"
    metrics_port: Port = 9101
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    spool_dir: Path = Path("var/spool")
    link_cache_dir: Path = Path("var/links")
    segment_bytes: Count = 64 * 1024 * 1024
    cap_bytes: Count = 8 * 1024**3
    fsync: Literal["always", "interval", "never"] = "interval"
    fsync_interval_s: Seconds = 1.0

    opt_out_parameter: str = ""
    """Query parameter by which a visitor asks not to be recognised, such as notrack: `?notrack=1`. Empty: none."""
    trusted_proxies: CommaSeparated = ()
    """Networks whose X-Forwarded-For is believed, as CIDR."""

    country_header: str = ""
    """Header in which a trusted proxy names the visitor's country, such as CF-IPCountry."""
    region_header: str = ""
    """The same for the region, such as CloudFront-Viewer-Country-Region."""
    scan_parameter: str = "qr"
    """Query parameter by which a link's QR code is told: `?qr=1`. Empty: none is."""

    fast_lane: bool = True
    prepared_links: Count = 131_072
    """How many links' answers are kept ready, about 0.6 kB each."""
    link_refresh_s: Seconds = 0.05
    """How long a changed link may still be answered as before, once it is in the link cache."""
    trailing_slash_domains: CommaSeparated = ()
    """Domains on which `/spring/` leads where `/spring` does, unless it is a link itself."""
    pixel_format: Literal["gif", "204"] = "gif"

    max_connections: Annotated[int, Field(ge=0)] = 0
    """Most clients at a time; 0: as many as the limit of open files leaves room for."""
    header_timeout_s: Seconds = 10.0
    """How long a request's head may take to arrive."""
    body_timeout_s: Seconds = 20.0
    idle_timeout_s: Seconds = 75.0
    """How long a connection may wait for its next request, or for its client to read an answer."""
    stop_timeout_s: Seconds = 10.0

    max_line_bytes: Count = 8190
    max_field_bytes: Count = 8190
    max_headers: Count = 128
    max_body_bytes: Count = 1024 * 1024
    max_items: Count = 5_000
    max_skew_s: Annotated[float, Field(ge=0)] = MAX_SKEW_S
    """The stream's, from which the door keeps a margin: see schemas.event_times."""
    max_age_days: Annotated[float, Field(gt=0)] = MAX_AGE_DAYS
    """The same."""
    snapshot_max_age_days: Annotated[float, Field(gt=0)] = SNAPSHOT_MAX_AGE_DAYS
    """The same, for platforms' totals."""
    keys_kept: Count = 1_000_000
    """Idempotency keys that the host knows at most, about 150 bytes of disk each."""

    anonymous_items: Annotated[int, Field(ge=1, le=100)] = 10
    """Most impressions in one POST without a token."""
    anonymous_skew_s: Annotated[float, Field(ge=0, le=60)] = 10.0
    """How far from now the time of an impression without a token may be said to lie; it counts as now."""
    wrong_tokens_per_minute: Count = 10
    """Wrong tokens that an address, or an IPv6 /64, may show before it is told to wait."""
    wrong_tokens_kept: Count = 10_000
    """Addresses that are remembered for it."""

    sendgrid_public_key: str = ""
    """The Verification Key of SendGrid's signed Event Webhook. Of these four, an empty one shuts its door."""
    mailgun_signing_key: SecretStr = SecretStr("")
    """Mailgun's HTTP webhook signing key."""
    postmark_credentials: SecretStr = SecretStr("")
    """user:password, as in the webhook's address at Postmark."""
    ses_topics: CommaSeparated = ()
    """ARNs of the SNS topics that SES publishes to."""

    places_file: str = ""
    """MMDB file that tells the country of an address, and its region if it has regions; empty: neither is known."""
    network_lists: CommaSeparated = ()
    """Lists of networks, `class=file` each; classes are office, mail_scanner and datacenter."""
    cloud_networks: bool = False
    """Whether the networks of clouds, as the release has them, are data centers' too."""
    address_files_refresh_s: Seconds = 10.0
    """How often these files are looked at."""

    @field_validator("sendgrid_public_key")
    @classmethod
    def _is_a_key(cls, value: str) -> str:
        if value:
            read_key(value)
        return value

    @field_validator("postmark_credentials")
    @classmethod
    def _are_credentials(cls, value: SecretStr) -> SecretStr:
        user, colon, password = value.get_secret_value().partition(":")
        if value.get_secret_value() and not (user and colon and password):
            raise ValueError("it should be user:password")
        return value

    @field_validator("ses_topics")
    @classmethod
    def _are_topics(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            host_of(one)
        return value

    @field_validator("network_lists")
    @classmethod
    def _are_lists(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            name, _, path = one.partition("=")
            if name not in ORDER or not path:
                raise ValueError(f"{one!r} is no class=file: write one of {', '.join(ORDER)}, = and a file")
        return value

    @property
    def network_files(self) -> dict[Network, list[Path]]:
        """`network_lists`, parsed."""
        files: dict[Network, list[Path]] = {}
        for one in self.network_lists:
            name, _, path = one.partition("=")
            files.setdefault(cast(Network, name), []).append(Path(path))
        return files

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            ip_network(one)
        return value

    @field_validator("trailing_slash_domains")
    @classmethod
    def _are_domains(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(read_domain(one) for one in value)

    @property
    def trusted_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """`trusted_proxies`, parsed."""
        return tuple(ip_network(one) for one in self.trusted_proxies)
