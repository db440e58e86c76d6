"""Every client of Kafka by SASL_SSL with a certificate of its own, every client of ClickHouse by https."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from deploy.local.ports import free_port
from deploy.local.processes import ClickHouse, Kafka, spawn
from redirector.cache.reader import HostCache
from redirector.spool.writer import SpoolWriter
from schemas.clickhouse.client import Server, connect
from schemas.events import Click
from tests.integration.certificates import Certificates, make_certificates, tls_proxy
from tests.integration.streams import wait_for

USER, PASSWORD, CLICKHOUSE_PASSWORD = "clicktally", "kafka-secret", "clickhouse-secret"
LINK = "go.example/spring"


@dataclass(frozen=True)
class Secured:
    """Where everything is, and the settings that every service takes under its own prefix."""

    place: Path
    settings: dict[str, str]

    def environment(self, service: str, **more: object) -> dict[str, str]:
        prefix = f"CLICKTALLY_{service.upper()}_"
        chosen = {
            name: value for name, value in self.settings.items() if service != "relay" or "CLICKHOUSE" not in name
        }
        return {prefix + name: str(value) for name, value in (chosen | more).items()}

    def console(self, *arguments: str, **more: object) -> subprocess.CompletedProcess[str]:
        """`clicktally` in a process of its own."""
        return subprocess.run(
            [sys.executable, "-m", "console", *arguments],
            env={**os.environ, **self.environment("console", **more)},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory, certificates: Certificates) -> Iterator[Secured]:
    place, port = tmp_path_factory.mktemp("secured"), free_port()
    kafka = Kafka(
        place / "kafka",
        env={
            "CLICKTALLY_LOCAL_KAFKA_SECURE_PORT": str(port),
            "CLICKTALLY_LOCAL_KAFKA_SECURE_PEM": str(certificates.server),
            "CLICKTALLY_LOCAL_KAFKA_SECURE_CLIENTS_CA": str(certificates.authority),
            "CLICKTALLY_LOCAL_KAFKA_SECURE_USER": USER,
            "CLICKTALLY_LOCAL_KAFKA_SECURE_PASSWORD": PASSWORD,
        },
    )
    clickhouse = ClickHouse(place / "clickhouse", env={"CLICKTALLY_LOCAL_CLICKHOUSE_PASSWORD": CLICKHOUSE_PASSWORD})
    with ExitStack() as stack:
        for part in (kafka, clickhouse):
            stack.callback(part.stop)
            part.start()
        https = stack.enter_context(tls_proxy(certificates, clickhouse.port))
        yield Secured(
            place,
            {
                "BOOTSTRAP_SERVERS": f"127.0.0.1:{port}",
                "SECURITY_PROTOCOL": "SASL_SSL",
                "SASL_MECHANISM": "SCRAM-SHA-512",
                "SASL_USER": USER,
                "SASL_PASSWORD": PASSWORD,
                "TLS_CA_FILE": str(certificates.authority),
                "TLS_CERT_FILE": str(certificates.client),
                "CLICKHOUSE_URL": f"https://default:{CLICKHOUSE_PASSWORD}@127.0.0.1:{https}/clicktally",
                "CLICKHOUSE_CA_FILE": str(certificates.authority),
            },
        )


def test_a_click_is_counted_where_every_client_must_say_who_it_is(secured: Secured, tmp_path: Path) -> None:
    migrated = secured.console("migrate")
    assert migrated.returncode == 0, migrated.stderr
    links = tmp_path / "links.csv"
    links.write_text("domain,slug,destination\ngo.example,spring,https://example.com/\n")
    imported = secured.console("links", "import", str(links))
    assert imported.returncode == 0, imported.stderr
    made = secured.console("tokens", "create", "importer", "--role", "impressions:write")
    assert made.returncode == 0, made.stderr
    writer = SpoolWriter.open(tmp_path / "spool", segment_bytes=20_000, cap_bytes=1 << 30, fsync="never")
    for _ in range(7):
        click = Click(time_ms=int(time.time() * 1000), link=LINK, seq=writer.take_seq())
        writer.append(msgspec.json.encode(click) + b"\n")
    writer.append(b"no event\n")  # the relay's dead letter
    too_old = Click(time_ms=1, link=LINK, seq=writer.take_seq())
    writer.append(msgspec.json.encode(too_old) + b"\n")  # the stream's
    with ExitStack() as stack:
        for service, module, more in (
            (
                "relay",
                ["redirector", "relay"],
                {"SPOOL_DIR": tmp_path / "spool", "LINK_CACHE_DIR": tmp_path / "links"},
            ),
            ("stream", ["stream"], {"FLUSH_INTERVAL_S": 0.2}),
            ("tables", ["stream", "tables"], {}),
        ):
            process = spawn(
                [sys.executable, "-m", *module],
                env=secured.environment(service, METRICS_PORT=free_port(), **more),
                log=tmp_path / f"{service}.log",
            )
            stack.callback(process.wait, 60)
            stack.callback(process.kill)

        wait_for(lambda: counted(secured) == (7, 1, 1), "seven clicks, a dead letter and a link are in ClickHouse")
        cache = HostCache.open(tmp_path / "links")
        wait_for(lambda: cache.tokens.ready() and cache.links.ready(), "the relay follows links and tokens")
        cache.close()

        def audited() -> bool:
            return secured.console("audit", "--since", "1h", "--spool-dir", str(tmp_path / "spool")).returncode == 0

        wait_for(audited, "the audit finds nothing")


def counted(secured: Secured) -> tuple[int, ...]:
    """Human clicks, dead letters of the stream, links."""

    async def ask() -> tuple[int, ...]:
        server = Server.of_url(secured.settings["CLICKHOUSE_URL"], ca_file=secured.settings["CLICKHOUSE_CA_FILE"])
        client = await connect(server)
        try:
            columns = (
                "(SELECT sum(clicks + unknown_clicks) FROM ctr_1m), (SELECT sum(dead_letters) FROM counters), "
            )
            return tuple((await client.query(f"SELECT {columns} (SELECT count() FROM links FINAL)")).result_rows[0])
        finally:
            await client.close()

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"SASL_PASSWORD": "guessed"}, "Kafka at"),
        ({"TLS_CERT_FILE": ""}, "Kafka at"),
        ({"TLS_CA_FILE": ""}, "Kafka at"),
        ({"CLICKHOUSE_CA_FILE": ""}, "certificate verify failed"),
    ],
)
def test_who_does_not_prove_who_they_are_is_not_let_in(
    secured: Secured, wrong: dict[str, str], complaint: str
) -> None:
    refused = secured.console("migrate", DEADLINE_S=1, **wrong)
    assert refused.returncode == 1
    assert complaint in refused.stderr
    assert not [line for line in refused.stderr.splitlines() if "secret" in line or "guessed" in line]
