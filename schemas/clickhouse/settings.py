"""How every service reaches ClickHouse."""

from typing import Self

from pydantic import Field, SecretStr, model_validator

from schemas.clickhouse.client import Server
from schemas.settings import OptionalFile, ServiceSettings


class ClickHouseSettings(ServiceSettings):
    """The settings by which a service reaches ClickHouse, under its own prefix."""

    clickhouse_url: SecretStr = Field(
        default=SecretStr("http://localhost:8123/clicktally"),
        description="http://user:password@host:port/database, or https",
    )
    clickhouse_ca_file: OptionalFile = Field(
        default=None, description="with https: certificates (PEM) that sign the server's; empty: the system's"
    )

    @property
    def clickhouse(self) -> Server:
        """The URL, taken apart."""
        return Server.of_url(self.clickhouse_url.get_secret_value(), ca_file=str(self.clickhouse_ca_file or ""))

    @model_validator(mode="after")
    def _is_a_url(self) -> Self:
        """Raises UrlError, which never shows the password."""
        server = self.clickhouse
        if server.ca_file and server.scheme != "https":
            prefix = self.model_config["env_prefix"]
            raise ValueError(f"{prefix}CLICKHOUSE_CA_FILE is given and {prefix}CLICKHOUSE_URL is no https")
        return self
