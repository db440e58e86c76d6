"""The two consoles of a run: where they listen, how they reach Kafka, and each other."""

from pathlib import Path
from typing import Final

from deploy.local.ports import free_port
from tests.chaos.http import is_ready
from tests.chaos.proxy import Proxy

NAMES: Final = ("console-1", "console-2")
_PREFIX: Final = "CLICKTALLY_API_"


class Consoles:
    """Clients reach each at its port, the other console through its proxy."""

    def __init__(self) -> None:
        self.ports: Final = {name: free_port() for name in NAMES}
        self.metrics_ports: Final = {name: free_port() for name in NAMES}
        self.proxies: Final = {name: Proxy(free_port(), port) for name, port in self.ports.items()}

    def are_ready(self) -> bool:
        """Whether each has read the topics and knows who writes."""
        return all(is_ready(port) for port in self.metrics_ports.values())

    def env(
        self, name: str, directory: Path, *, bootstrap: str, clickhouse_url: str, redirector_url: str
    ) -> dict[str, str]:
        """The settings of one of them."""
        return {
            f"{_PREFIX}BOOTSTRAP_SERVERS": bootstrap,
            f"{_PREFIX}CLICKHOUSE_URL": clickhouse_url,
            f"{_PREFIX}PORT": str(self.ports[name]),
            f"{_PREFIX}METRICS_PORT": str(self.metrics_ports[name]),
            f"{_PREFIX}ADVERTISED_URL": f"http://127.0.0.1:{self.proxies[name].port}",
            f"{_PREFIX}DIRECTORY": str(directory / name),
            f"{_PREFIX}REDIRECTOR_URL": redirector_url,
            f"{_PREFIX}WRITE_WITHIN_S": "4",
            # So that made-up slugs meet now and then.
            f"{_PREFIX}SLUG_LENGTH": "5",
            f"{_PREFIX}REQUESTS_PER_SECOND": "100000",
            f"{_PREFIX}REQUESTS_BURST": "100000",
        }
