import asyncio
from pathlib import Path
from typing import Any

import pytest
from faust.auth import OAuthCredentials, SASLCredentials
from pydantic_settings import SettingsConfigDict

from console.settings import ConsoleSettings
from redirector.relay.settings import RelaySettings
from schemas.kafka import KafkaAccess, KafkaSettings
from schemas.settings import SettingsError
from stream.kafka import make_app
from stream.settings import StreamSettings
from stream.tables.settings import TablesSettings

SERVICES: list[type[KafkaSettings]] = [RelaySettings, StreamSettings, TablesSettings, ConsoleSettings]
SCRAM = {"SECURITY_PROTOCOL": "SASL_PLAINTEXT", "SASL_USER": "u", "SASL_PASSWORD": "p"}


class Example(KafkaSettings):
    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_prefix="CLICKTALLY_EXAMPLE_")


def load(kind: type[KafkaSettings] = Example, /, **given: object) -> KafkaSettings:
    prefix = kind.model_config["env_prefix"]
    return kind.load({prefix + name: str(value) for name, value in given.items()})


@pytest.mark.parametrize("kind", SERVICES)
def test_every_service_names_itself_and_speaks_plain_text_unless_told_otherwise(kind: type[KafkaSettings]) -> None:
    assert load(kind).kafka.arguments() == {
        "bootstrap_servers": "localhost:9092",
        "client_id": kind.model_config["env_prefix"].strip("_").lower().replace("_", "-"),
        "security_protocol": "PLAINTEXT",
        "ssl_context": None,
    }


@pytest.mark.parametrize("kind", SERVICES)
def test_every_service_takes_user_password_and_mechanism(kind: type[KafkaSettings]) -> None:
    arguments = load(kind, **SCRAM, CLIENT_ID="mine").kafka.arguments("links")
    assert arguments["client_id"] == "mine-links"
    sasl = {name: value for name, value in arguments.items() if name.startswith("sasl")}
    assert sasl == {"sasl_mechanism": "SCRAM-SHA-512", "sasl_plain_username": "u", "sasl_plain_password": "p"}


def test_tls_without_a_file_trusts_what_the_system_trusts_and_checks_names() -> None:
    context = load(SECURITY_PROTOCOL="SSL").kafka.tls_context()
    assert context is not None
    assert context.check_hostname


async def test_a_token_is_read_from_its_file_for_each_connection(tmp_path: Path) -> None:
    file = tmp_path / "token"
    oauth = {"SECURITY_PROTOCOL": "SASL_PLAINTEXT", "SASL_MECHANISM": "OAUTHBEARER", "SASL_TOKEN_FILE": file}
    provider = load(**oauth).kafka.arguments()["sasl_oauth_token_provider"]
    file.write_text("first\n")
    assert await provider.token() == "first"
    await asyncio.to_thread(file.write_text, "second")
    assert await provider.token() == "second"


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"SECURITY_PROTOCOL": "SASL_SSL"}, "SASL_USER and CLICKTALLY_EXAMPLE_SASL_PASSWORD"),
        ({"SECURITY_PROTOCOL": "SASL_SSL", "SASL_USER": "u"}, "SASL_PASSWORD"),
        ({"SECURITY_PROTOCOL": "SASL_SSL", "SASL_MECHANISM": "OAUTHBEARER"}, "SASL_TOKEN_FILE"),
        ({"SECURITY_PROTOCOL": "TLS"}, "SECURITY_PROTOCOL"),
        ({"SECURITY_PROTOCOL": "SASL_SSL", "SASL_MECHANISM": "GSSAPI"}, "SASL_MECHANISM"),
        ({"SASL_USER": "u"}, "SECURITY_PROTOCOL is PLAINTEXT"),
        ({"SASL_PASSWORD": "secret"}, "SECURITY_PROTOCOL is PLAINTEXT"),
        ({"TLS_CA_FILE": "/dev/null"}, "SECURITY_PROTOCOL is PLAINTEXT"),
        (SCRAM | {"TLS_CA_FILE": "/dev/null"}, "SECURITY_PROTOCOL is SASL_PLAINTEXT"),
        ({"SECURITY_PROTOCOL": "SSL", "TLS_KEY_FILE": "/dev/null"}, "TLS_CERT_FILE"),
        ({"SECURITY_PROTOCOL": "SSL", "TLS_CA_FILE": "/nowhere.pem"}, "nowhere.pem|No such file"),
        ({"SECURITY_PROTOCOL": "SSL", "TLS_CERT_FILE": "/dev/null"}, "TLS_…_FILE cannot be used"),
    ],
)
def test_what_is_said_half_or_in_vain_is_an_error_that_names_the_setting(
    given: dict[str, str], complaint: str
) -> None:
    with pytest.raises(SettingsError, match=complaint) as caught:
        load(**given)
    assert "secret" not in str(caught.value)


def test_an_empty_variable_names_no_file() -> None:
    assert load(TLS_CA_FILE="", SASL_TOKEN_FILE="").kafka.tls_ca_file is None


def test_a_password_is_nowhere_to_be_read() -> None:
    settings = load(**SCRAM | {"SASL_PASSWORD": "hunter2"})
    assert "hunter2" not in f"{settings.describe()} {settings!r} {settings.kafka!r} {settings.kafka}"


def test_bootstrap_servers_alone_are_spoken_to_in_plain_text() -> None:
    assert KafkaAccess.of("a:1,b:2").arguments()["bootstrap_servers"] == "a:1,b:2"
    access = KafkaAccess(bootstrap_servers="a:1", security_protocol="SSL")
    assert KafkaAccess.of(access) is access


def faust_credentials(tmp_path: Path, **given: object) -> Any:
    settings = load(StreamSettings, **given)
    assert isinstance(settings, StreamSettings)
    return make_app(settings, str(tmp_path)).conf.broker_credentials


def test_faust_is_told_the_same(tmp_path: Path) -> None:
    assert faust_credentials(tmp_path) is None
    scram = faust_credentials(tmp_path, **SCRAM)
    assert isinstance(scram, SASLCredentials)
    assert (scram.username, scram.password, scram.mechanism.value) == ("u", "p", "SCRAM-SHA-512")
    assert (scram.protocol.value, scram.ssl_context) == ("SASL_PLAINTEXT", None)
    over_tls = faust_credentials(tmp_path, **SCRAM | {"SECURITY_PROTOCOL": "SASL_SSL"})
    assert (over_tls.protocol.value, over_tls.ssl_context is None) == ("SASL_SSL", False)
    assert faust_credentials(tmp_path, SECURITY_PROTOCOL="SSL").protocol.value == "SSL"
    token = {"SECURITY_PROTOCOL": "SASL_SSL", "SASL_MECHANISM": "OAUTHBEARER", "SASL_TOKEN_FILE": tmp_path / "t"}
    assert isinstance(faust_credentials(tmp_path, **token), OAuthCredentials)
