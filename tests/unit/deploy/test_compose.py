"""docker-compose.yml and its configuration, read as an engine would: none runs here."""

import importlib
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.local.places.database import FILE, PACKAGE

ROOT = Path(__file__).resolve().parents[3]
OURS = {"serve", "relay", "stream", "tables", "api", "poll", "migrate"}
SETTINGS = {
    "SERVE": ("redirector.serve.settings", "ServeSettings"),
    "RELAY": ("redirector.relay.settings", "RelaySettings"),
    "STREAM": ("stream.settings", "StreamSettings"),
    "TABLES": ("stream.tables.settings", "TablesSettings"),
    "API": ("console.api.settings", "ApiSettings"),
    "POLL": ("console.poll.settings", "PollSettings"),
    "CONSOLE": ("console.settings", "ConsoleSettings"),
}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, Any]:
    services: dict[str, Any] = compose["services"]
    return services


def test_every_part_is_there(services: dict[str, Any]) -> None:
    assert set(services) >= {*OURS, "kafka", "clickhouse", "prometheus", "grafana"}


def test_every_image_is_pinned(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert re.search(r":v?\d+\.\d+", service["image"]), name


def test_the_broker_is_the_version_that_the_tests_run_on(services: dict[str, Any]) -> None:
    pom = (ROOT / "deploy/local/kafka/pom.xml").read_text()
    pinned = re.search(r"<kafka.version>(.+?)</kafka.version>", pom)
    assert pinned is not None
    assert services["kafka"]["image"] == f"apache/kafka:{pinned[1]}"


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_variable_names_a_setting(services: dict[str, Any], name: str) -> None:
    for variable in services[name]["environment"]:
        prefix, service, field = variable.split("_", 2)
        assert prefix == "CLICKTALLY"
        module, settings = SETTINGS[service]
        known = getattr(importlib.import_module(module), settings).model_fields
        assert field.lower() in known, f"{variable}: no such setting"


def test_what_runs_on_comes_back_after_a_crash(services: dict[str, Any]) -> None:
    assert {name: service["restart"] for name, service in services.items()} == {
        **dict.fromkeys(services, "unless-stopped"),
        "migrate": "on-failure",
    }


def test_redirects_start_without_kafka_and_clickhouse(services: dict[str, Any]) -> None:
    assert "depends_on" not in services["serve"]
    for name in ("relay", "stream", "tables", "api", "poll"):
        assert services[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    for name in ("kafka", "clickhouse"):
        assert services["migrate"]["depends_on"][name] == {"condition": "service_healthy"}


def test_serve_and_relay_share_their_disk_and_their_process_ids(services: dict[str, Any]) -> None:
    for name in ("serve", "relay"):
        assert services[name]["volumes"] == ["host:/var/lib/clicktally"]
        assert services[name]["pid"] == "host"
    for name in ("SPOOL_DIR", "LINK_CACHE_DIR"):
        directory = services["serve"]["environment"][f"CLICKTALLY_SERVE_{name}"]
        assert directory == services["relay"]["environment"][f"CLICKTALLY_RELAY_{name}"]
        assert directory.startswith("/var/lib/clicktally/")


def test_every_named_volume_is_declared_and_every_mounted_file_is_there(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert (ROOT / source).exists() if source.startswith(".") else source in compose["volumes"], volume


def test_pollers_run_only_where_somebody_asks_for_them(compose: dict[str, Any]) -> None:
    poll = compose["services"]["poll"]
    assert poll["profiles"] == ["poll"]
    assert poll["environment"]["CLICKTALLY_POLL_ACCOUNTS_FILE"] == f"/run/secrets/{poll['secrets'][0]}"
    assert set(poll["secrets"]) <= set(compose["secrets"])
    assert all("profiles" not in service for name, service in compose["services"].items() if name != "poll")


def test_only_redirects_are_open_to_the_world(services: dict[str, Any]) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published.pop("serve") == ["8080-8081:8080"]
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_there_are_as_many_public_ports_as_servers(services: dict[str, Any]) -> None:
    (ports,) = services["serve"]["ports"]
    first, last = ports.split(":")[0].split("-")
    assert int(last) - int(first) + 1 == services["serve"]["scale"]


def test_no_secret_has_a_default(services: dict[str, Any]) -> None:
    for name in ("CLICKHOUSE_PASSWORD", "CLICKHOUSE_READER_PASSWORD"):
        assert services["clickhouse"]["environment"][name].startswith(f"${{{name}:?")
    assert services["grafana"]["environment"]["GF_SECURITY_ADMIN_PASSWORD"].startswith("${GRAFANA_PASSWORD:?")


@pytest.mark.parametrize("name", sorted(OURS - {"migrate"}))
def test_a_service_is_looked_after(services: dict[str, Any], name: str) -> None:
    assert services[name]["healthcheck"]["test"][0] == "CMD"
    assert services[name]["stop_grace_period"]
    assert services[name]["cap_drop"] == ["ALL"]


def test_prometheus_scrapes_the_ports_that_the_services_are_told(services: dict[str, Any]) -> None:
    scraped = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())["scrape_configs"]
    ports = {job["job_name"]: job["dns_sd_configs"][0]["port"] for job in scraped if "dns_sd_configs" in job}
    assert ports == {
        name: services[name]["environment"][f"CLICKTALLY_{name.upper()}_METRICS_PORT"]
        for name in ("serve", "relay", "stream", "tables", "api", "poll")
    }


def test_prometheus_takes_its_configuration() -> None:
    """`make setup` installs promtool; without it this fails."""
    checked = subprocess.run(
        ["promtool", "check", "config", str(ROOT / "deploy/prometheus/prometheus.yml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_image_runs_as_nobody_special_and_installs_only_what_is_locked() -> None:
    lines = (ROOT / "deploy/docker/Dockerfile").read_text().splitlines()
    assert "--require-hashes" in "\n".join(lines)
    assert [line for line in lines if line.startswith("USER")] == ["USER clicktally"]
    stages = [line.split() for line in lines if line.startswith("FROM")]
    named = {words[3] for words in stages if len(words) > 2}
    assert all(re.search(r":\d+\.\d+", words[1]) or words[1] in named for words in stages)


def test_the_image_tells_countries_by_the_database_that_it_holds_with_its_licence() -> None:
    dockerfile = (ROOT / "deploy/docker/Dockerfile").read_text()
    assert f"cd {PACKAGE.as_posix()} " in dockerfile
    assert f" -t /dbip {FILE} DBIP-LICENSE\n" in dockerfile
    assert "\nCOPY --from=places /dbip /usr/share/dbip\n" in dockerfile
    assert f"\nENV CLICKTALLY_SERVE_PLACES_FILE=/usr/share/dbip/{FILE}\n" in dockerfile


def test_the_build_context_holds_what_the_image_copies() -> None:
    dockerfile = (ROOT / "deploy/docker/Dockerfile").read_text()
    allowed = (ROOT / "deploy/docker/Dockerfile.dockerignore").read_text().split()
    for source in re.findall(r"^COPY (?!--)(\S+)", dockerfile, re.MULTILINE):
        assert f"!{source}" in allowed
        assert (ROOT / source).exists()
