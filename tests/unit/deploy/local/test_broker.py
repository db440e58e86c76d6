"""What the embedded broker is told about its listeners."""

from deploy.local.kafka.broker import server_properties
from deploy.local.settings import LocalSettings


def properties(**settings: int) -> dict[str, str]:
    given = {"kafka_port": 1001, "kafka_controller_port": 1002, **settings}
    text = server_properties(LocalSettings.model_validate(given))
    return dict(line.split("=", 1) for line in text.splitlines())


def test_a_broker_listens_for_clients_and_for_its_own_quorum() -> None:
    settings = properties()
    assert settings["listeners"] == "PLAINTEXT://127.0.0.1:1001,CONTROLLER://127.0.0.1:1002"
    assert settings["advertised.listeners"] == "PLAINTEXT://127.0.0.1:1001"


def test_clients_of_the_second_listener_are_told_the_port_of_their_proxy() -> None:
    settings = properties(kafka_second_port=1003, kafka_second_advertised_port=1004)
    assert "SECOND://127.0.0.1:1003" in settings["listeners"]
    assert settings["advertised.listeners"] == "PLAINTEXT://127.0.0.1:1001,SECOND://127.0.0.1:1004"
