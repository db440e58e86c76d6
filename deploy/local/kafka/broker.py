"""Render the broker's properties, format its storage once, become its JVM."""

import os
import subprocess
from pathlib import Path
from typing import NoReturn

from deploy.local.settings import LocalSettings

NODE_ID = 1
# A KRaft cluster id is a base64 UUID; every embedded node is its own cluster, so one name serves all.
CLUSTER_ID = "Y2xpY2t0YWxseS1sb2NhbA"
_SCRAM = "SCRAM-SHA-512"
_PROTOCOLS = {"PLAINTEXT": "PLAINTEXT", "SECOND": "PLAINTEXT", "SECURE": "SASL_SSL", "CONTROLLER": "PLAINTEXT"}
LOG4J_CONFIG = Path(__file__).with_name("log4j2.properties")


def server_properties(settings: LocalSettings) -> str:
    """The broker's configuration, as text of a Java properties file.

    Replication is 1 everywhere: a second node would share this disk and this power cord.
    """
    listeners = {"PLAINTEXT": settings.kafka_port}
    advertised = dict(listeners)
    if settings.kafka_second_port:
        listeners["SECOND"] = settings.kafka_second_port
        advertised["SECOND"] = settings.kafka_second_advertised_port or settings.kafka_second_port
    if settings.kafka_secure_port:
        listeners["SECURE"] = advertised["SECURE"] = settings.kafka_secure_port
    properties: dict[str, object] = {
        "process.roles": "broker,controller",
        "node.id": NODE_ID,
        "controller.quorum.voters": f"{NODE_ID}@{settings.host}:{settings.kafka_controller_port}",
        "controller.listener.names": "CONTROLLER",
        "listeners": _at(settings.host, {**listeners, "CONTROLLER": settings.kafka_controller_port}),
        "advertised.listeners": _at(settings.host, advertised),
        "listener.security.protocol.map": ",".join(f"{name}:{protocol}" for name, protocol in _PROTOCOLS.items()),
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": settings.kafka_dir / "log",
        # A misspelt topic must fail, not come into being with one partition.
        "auto.create.topics.enable": "false",
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 4,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        # One machine starts all consumers: waiting for more of them only delays the first.
        "group.initial.rebalance.delay.ms": 0,
        # Tests of dead consumers need not wait six seconds for each.
        "group.min.session.timeout.ms": 1000,
        # One that was killed is taken for alive until then, and not let in: by default for nine seconds.
        "broker.session.timeout.ms": 4000,
        "broker.heartbeat.interval.ms": 500,
        "message.max.bytes": 8 * 1024 * 1024,
    }
    if settings.kafka_secure_port:
        properties |= _secure(settings)
    return "".join(f"{name}={value}\n" for name, value in properties.items())


def _secure(settings: LocalSettings) -> dict[str, object]:
    listener = "listener.name.secure"
    login = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    properties: dict[str, object] = {
        f"{listener}.sasl.enabled.mechanisms": _SCRAM,
        f"{listener}.{_SCRAM.lower()}.sasl.jaas.config": login,
        f"{listener}.ssl.keystore.type": "PEM",
        f"{listener}.ssl.keystore.location": settings.kafka_secure_pem,
    }
    if settings.kafka_secure_clients_ca is not None:
        properties |= {
            f"{listener}.ssl.client.auth": "required",
            f"{listener}.ssl.truststore.type": "PEM",
            f"{listener}.ssl.truststore.location": settings.kafka_secure_clients_ca,
        }
    return properties


def _at(host: str, ports: dict[str, int]) -> str:
    return ",".join(f"{name}://{host}:{port}" for name, port in ports.items())


def java(settings: LocalSettings, main_class: str, *arguments: str) -> list[str]:
    """The command line that runs a class of the broker's jars."""
    heap = f"{settings.kafka_heap_mb}m"
    return [
        "java",
        f"-Xms{heap}",
        f"-Xmx{heap}",
        "-XX:+UseSerialGC",
        # Starts a third faster; peak speed is not what an embedded broker is for.
        "-XX:TieredStopAtLevel=1",
        f"-Dlog4j2.configurationFile={LOG4J_CONFIG}",
        "-cp",
        f"{settings.kafka_jars_dir}/*",
        main_class,
        *arguments,
    ]


def format_once(settings: LocalSettings) -> Path:
    """Write server.properties and, on the first start, format the log directory; returns the file's path.

    Killed half-way, the next start formats again: the mark is set last.

    Raises:
        subprocess.CalledProcessError: the storage tool refused; its own words are on stderr.
    """
    directory = settings.kafka_dir
    directory.mkdir(parents=True, exist_ok=True)
    properties = directory / "server.properties"
    properties.write_text(server_properties(settings))
    formatted = directory / "formatted"
    if not formatted.exists():
        tool = java(settings, "kafka.tools.StorageTool", "format", "--ignore-formatted", *_scram_user(settings))
        subprocess.run([*tool, "-t", CLUSTER_ID, "-c", str(properties)], check=True, stdout=subprocess.DEVNULL)
        formatted.touch()
    return properties


def _scram_user(settings: LocalSettings) -> list[str]:
    if not settings.kafka_secure_user:
        return []
    password = settings.kafka_secure_password.get_secret_value()
    return ["--add-scram", f"{_SCRAM}=[name={settings.kafka_secure_user},password={password}]"]


def become_broker(settings: LocalSettings) -> NoReturn:
    """Replace this process by the broker's JVM, so that signals meant for the broker reach it."""
    properties = format_once(settings)
    command = java(settings, "kafka.Kafka", str(properties))
    os.execvp(command[0], command)  # noqa: S606 - no shell is the point
