"""The stack of the chaos harness, with the email providers' keys and a matcher that looks often."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import msgspec
from aiokafka import AIOKafkaProducer

from schemas.links import Link
from schemas.topics import LINKS
from tests.chaos.stack import Stack
from tests.unit.redirector.serve.webhooks.providers import MAILGUN_KEY, SENDGRID_PUBLIC

MATCH_EVERY_S: Final = 1.0


class CampaignStack(Stack):
    """Kafka, ClickHouse, two serve processes, a relay, two workers and the copier of links, nothing in them yet."""

    def __init__(self, place: Path) -> None:
        super().__init__(place, own_mounts=False, links=[])

    def publish(self, links: list[Link]) -> None:
        """Make links."""

        async def send() -> None:
            producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap)
            await producer.start()
            try:
                for link in links:
                    await producer.send_and_wait(LINKS, msgspec.json.encode(link), key=link.key.encode())
            finally:
                await producer.stop()

        self.call(send())

    def console(self, *arguments: str) -> str:
        """What `clicktally` prints. Raises RuntimeError where it complains."""
        environment = {
            **os.environ,
            "CLICKTALLY_CONSOLE_BOOTSTRAP_SERVERS": self.bootstrap,
            "CLICKTALLY_CONSOLE_CLICKHOUSE_URL": f"{self.clickhouse_url}/clicktally",
        }
        command = [sys.executable, "-m", "console", *arguments]
        done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"clicktally {' '.join(arguments)}: {done.stderr or done.stdout}")
        return done.stdout

    def _serve_env(self, number: int) -> dict[str, str]:
        return {
            **super()._serve_env(number),
            "CLICKTALLY_SERVE_TRUSTED_PROXIES": "127.0.0.0/8",
            "CLICKTALLY_SERVE_SENDGRID_PUBLIC_KEY": SENDGRID_PUBLIC,
            "CLICKTALLY_SERVE_MAILGUN_SIGNING_KEY": MAILGUN_KEY,
        }

    def _tables_env(self) -> dict[str, str]:
        return {**super()._tables_env(), "CLICKTALLY_TABLES_MATCH_EVERY_S": str(MATCH_EVERY_S)}
