"""Settings of pollers. How they reach Kafka is the console's: CLICKTALLY_CONSOLE_*."""

from pathlib import Path
from typing import Self

import pydantic
from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from console.poll.schedule import DEFAULT, Schedule
from schemas.settings import OptionalFile, ServiceSettings


class PollSettings(ServiceSettings):
    """`CLICKTALLY_POLL_*`."""

    model_config = SettingsConfigDict(env_prefix="CLICKTALLY_POLL_", frozen=True, extra="forbid")

    accounts_file: OptionalFile = Field(None, description="TOML file with the accounts and their tokens")
    accounts: SecretStr = Field(SecretStr(""), description="the same text, where there is no file")
    state_file: Path = Field(
        Path("var/poll.sqlite3"),
        description="what was asked when, and which posts are gone; without it every post is asked once more",
    )
    every_minutes: float = Field(15.0, gt=0, le=1440, description="how often a round begins")
    schedule: str = Field(
        DEFAULT, description="how often a post is asked for, by its age: `7d:6h`, until 7 days old every 6 hours"
    )
    longest_wait_s: float = Field(
        960.0,
        ge=0,
        description="how long a round waits for a platform's limit; beyond, the account rests until then",
    )
    ads_days: int = Field(30, ge=1, le=1000, description="days of ads that are asked for again, today's the last")
    metrics_host: str = Field("127.0.0.1", description="address of /metrics, /healthz and /readyz")
    metrics_port: int = Field(9106, ge=0, le=65535, description="port of /metrics, /healthz and /readyz")
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")
    x_url: str = Field("https://api.x.com", description="X's API")
    linkedin_url: str = Field("https://api.linkedin.com", description="LinkedIn's API")
    linkedin_version: str = Field(
        "202610", pattern=r"^20\d{4}$", description="LinkedIn's version, a month; each lives about a year"
    )
    facebook_url: str = Field("https://graph.facebook.com", description="Facebook's API")
    instagram_url: str = Field(
        "https://graph.instagram.com",
        description="Instagram's API; `https://graph.facebook.com` for tokens of Facebook Login",
    )
    graph_version: str = Field(
        "v25.0", pattern=r"^v\d{1,3}\.\d$", description="version of Facebook's and Instagram's API"
    )
    threads_url: str = Field("https://graph.threads.net", description="Threads' API")
    youtube_url: str = Field("https://www.googleapis.com", description="YouTube's API")
    tiktok_url: str = Field("https://open.tiktokapis.com", description="TikTok's API")
    pinterest_url: str = Field("https://api.pinterest.com", description="Pinterest's API")
    google_ads_url: str = Field("https://googleads.googleapis.com", description="Google Ads' API")
    google_ads_version: str = Field("v26", pattern=r"^v\d{1,3}$", description="its version")
    google_token_url: str = Field(
        "https://oauth2.googleapis.com/token", description="where a refresh token becomes an access token"
    )

    @pydantic.model_validator(mode="after")
    def _usable(self) -> Self:
        Schedule.of(self.schedule)
        if self.accounts_file is not None and self.accounts.get_secret_value():
            raise ValueError("CLICKTALLY_POLL_ACCOUNTS_FILE and CLICKTALLY_POLL_ACCOUNTS: give one of them")
        return self
