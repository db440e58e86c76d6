"""The whole pipeline on one machine: serve, relay, Kafka, worker, ClickHouse, and clicks at a steady rate."""

import asyncio
import contextlib
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from aiokafka import AIOKafkaProducer

from bench.load import get_links
from bench.machine import LOAD_CORE, SERVER_CORE
from bench.stack import Service, clickhouse, fresh_database, kafka, relay, serve, worker
from deploy.local.ports import free_port
from deploy.local.processes import ClickHouse, Kafka
from schemas.topics import LINKS


@dataclass(frozen=True)
class Pipeline:
    """Running processes. `port` is serve's."""

    place: Path
    port: int
    database: str
    server: ClickHouse
    broker: Kafka
    serve: Service
    relay: Service
    worker: Service

    def processes(self) -> dict[str, int]:
        """Process ids by name."""
        ours = {"serve": self.serve.pid, "relay": self.relay.pid, "worker": self.worker.pid}
        return ours | {"Kafka": self.broker.pid, "ClickHouse": self.server.pid}


@contextmanager
def pipeline(place: Path, *, links: int, partitions: int = 4, bound: bool = True) -> Iterator[Pipeline]:
    """An event's way to the worker on core 0, ClickHouse on core 1 with the load and who asks; or, not `bound`, all
    of it on whatever core is free, as on a host of its own.
    """
    way, database = (SERVER_CORE, LOAD_CORE) if bound else (None, None)
    with ExitStack() as stack:
        server = stack.enter_context(clickhouse(place, core=database))
        broker = stack.enter_context(kafka(place, partitions=partitions, core=way))
        url = stack.enter_context(fresh_database(server, "pipeline"))
        known = get_links(links)
        asyncio.run(_publish(broker.bootstrap, known))
        shipping = stack.enter_context(relay(broker.bootstrap, place, core=way))
        counting = stack.enter_context(worker(broker.bootstrap, url, place / "worker.log", core=way))
        port = free_port()
        # Where a pod starts with a cache from yesterday: the relay goes on from the topic by itself.
        serving = stack.enter_context(serve(place, port=port, core=way))
        counting.until(lambda: '"ready": true' in counting.get("/readyz"), "a ready worker")
        serving.until(lambda: _links_known(port), "a link cache", within_s=120)
        yield Pipeline(place, port, "pipeline", server, broker, serving, shipping, counting)


def _links_known(port: int) -> bool:
    with contextlib.suppress(OSError):
        reader = _raw_get(port, "/readyz")
        return reader.startswith(b"HTTP/1.1 200")
    return False


def _raw_get(port: int, path: str) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: go.example\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while part := client.recv(65536):
            answer += part
    return answer


async def _publish(bootstrap: str, known: dict[str, bytes]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=20, max_batch_size=256 * 1024)
    await producer.start()
    try:
        for key, value in known.items():
            await producer.send(LINKS, value, key=key.encode())
        await producer.flush()
    finally:
        await producer.stop()


def until_level(running: Pipeline, wanted: int, *, within_s: float) -> float:
    """Wait until so many events were counted; returns the seconds it took."""
    began = time.monotonic()
    running.worker.until(
        lambda: running.worker.metric("clicktally_stream_events_settled", result="counted") >= wanted,
        f"{wanted} counted events",
        within_s=within_s,
        every_s=0.25,
    )
    return time.monotonic() - began
