"""How every client reaches Kafka: one set of settings, one place that turns them into aiokafka's arguments."""

import asyncio
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Self, Union

from aiokafka.abc import AbstractTokenProvider
from pydantic import Field, SecretStr, model_validator

from schemas.settings import OptionalFile, ServiceSettings

SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
SaslMechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"]

_OAUTHBEARER: Final = "OAUTHBEARER"
_NO_PASSWORD: Final = SecretStr("")


class TokenFile(AbstractTokenProvider):  # type: ignore[misc] # aiokafka ships no types
    """An OAUTHBEARER token that something else keeps fresh in a file; read anew for each connection."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def token(self) -> str:
        """The file's content, without white space around it. Raises OSError."""
        return (await asyncio.to_thread(self._path.read_text)).strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaAccess:
    """Where Kafka is, and as whom to speak to it. The password is in no `repr`."""

    bootstrap_servers: str
    client_id: str = "clicktally"
    security_protocol: SecurityProtocol = "PLAINTEXT"
    sasl_mechanism: SaslMechanism = "SCRAM-SHA-512"
    sasl_user: str = ""
    sasl_password: SecretStr = _NO_PASSWORD
    sasl_token_file: Path | None = None
    tls_ca_file: Path | None = None
    tls_cert_file: Path | None = None
    tls_key_file: Path | None = None

    @classmethod
    def of(cls, kafka: Union[str, "KafkaAccess"]) -> "KafkaAccess":
        """`kafka` as it is; of bootstrap servers alone, access in plain text and without a user."""
        return cls(bootstrap_servers=kafka) if isinstance(kafka, str) else kafka

    def __str__(self) -> str:
        return self.bootstrap_servers

    def tls_context(self) -> ssl.SSLContext | None:
        """Made anew at each call, from the files as they are then; None without TLS. Raises OSError."""
        if self.security_protocol not in ("SSL", "SASL_SSL"):
            return None
        context = ssl.create_default_context(cafile=self.tls_ca_file)
        if self.tls_cert_file is not None:
            context.load_cert_chain(self.tls_cert_file, self.tls_key_file)
        return context

    def token_provider(self) -> TokenFile | None:
        """What gives OAUTHBEARER's token; None where a user and a password are shown instead."""
        return None if self.sasl_token_file is None else TokenFile(self.sasl_token_file)

    def arguments(self, purpose: str = "") -> dict[str, Any]:
        """What aiokafka's consumer, producer and admin client are made with. `purpose` ends the client's id."""
        arguments: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap_servers,
            "client_id": f"{self.client_id}-{purpose}" if purpose else self.client_id,
            "security_protocol": self.security_protocol,
            "ssl_context": self.tls_context(),
        }
        if self.security_protocol.startswith("SASL"):
            arguments["sasl_mechanism"] = self.sasl_mechanism
            if self.sasl_mechanism == _OAUTHBEARER:
                arguments["sasl_oauth_token_provider"] = self.token_provider()
            else:
                arguments["sasl_plain_username"] = self.sasl_user
                arguments["sasl_plain_password"] = self.sasl_password.get_secret_value()
        return arguments


class KafkaSettings(ServiceSettings):
    """The settings by which a service reaches Kafka, under its own prefix."""

    bootstrap_servers: str = Field(
        default="localhost:9092", description="Kafka's bootstrap servers, host:port, comma-separated"
    )
    client_id: str = Field(
        default="", description="how the service names itself to Kafka; empty: clicktally- and the service's name"
    )
    security_protocol: SecurityProtocol = Field(
        default="PLAINTEXT", description="PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL"
    )
    sasl_mechanism: SaslMechanism = Field(
        default="SCRAM-SHA-512", description="with SASL: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER"
    )
    sasl_user: str = Field(default="", description="with SASL, but for OAUTHBEARER")
    sasl_password: SecretStr = Field(default=SecretStr(""), description="with SASL, but for OAUTHBEARER")
    sasl_token_file: OptionalFile = Field(
        default=None, description="with OAUTHBEARER: file whose content is the token, read anew for each connection"
    )
    tls_ca_file: OptionalFile = Field(
        default=None, description="with SSL: certificates (PEM) that sign the brokers'; empty: the system's"
    )
    tls_cert_file: OptionalFile = Field(
        default=None, description="with SSL: the client's own certificate (PEM), where brokers ask for one"
    )
    tls_key_file: OptionalFile = Field(
        default=None, description="key of that certificate, unless it is in the same file"
    )

    @property
    def kafka(self) -> KafkaAccess:
        """How this service's clients are made."""
        service = self.model_config["env_prefix"].strip("_").replace("_", "-").lower()
        fields = {name: getattr(self, name) for name in KafkaSettings.model_fields}
        return KafkaAccess(**fields | {"client_id": self.client_id or service})

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        """What is said twice over, half or in vain is an error: nobody may speak in plain text by a slip."""
        prefix = self.model_config["env_prefix"]
        user = bool(self.sasl_user and self.sasl_password.get_secret_value())
        if self.security_protocol.startswith("SASL"):
            if self.sasl_mechanism == _OAUTHBEARER and self.sasl_token_file is None:
                raise ValueError(f"OAUTHBEARER takes its token from {prefix}SASL_TOKEN_FILE: name it")
            if self.sasl_mechanism != _OAUTHBEARER and not user:
                raise ValueError(f"{self.sasl_mechanism} needs {prefix}SASL_USER and {prefix}SASL_PASSWORD")
        elif self.sasl_user or self.sasl_password.get_secret_value() or self.sasl_token_file:
            raise ValueError(
                f"a user or token is given and {prefix}SECURITY_PROTOCOL is {self.security_protocol}:"
                " say SASL_SSL (or SASL_PLAINTEXT)"
            )
        files = self.tls_ca_file or self.tls_cert_file or self.tls_key_file
        if files and not self.security_protocol.endswith("SSL"):
            raise ValueError(
                f"{files} is given and {prefix}SECURITY_PROTOCOL is {self.security_protocol}: say SSL or SASL_SSL"
            )
        if self.tls_key_file and not self.tls_cert_file:
            raise ValueError(f"{prefix}TLS_KEY_FILE is the key of a certificate: name {prefix}TLS_CERT_FILE, too")
        try:
            self.kafka.tls_context()
        except OSError as error:  # ssl.SSLError is one
            raise ValueError(f"{prefix}TLS_…_FILE cannot be used: {error}") from error
        return self
