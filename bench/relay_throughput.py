"""How many events a second a relay moves from a full spool into the embedded Kafka, and what CPU that takes.

    python -m bench.relay_throughput [events]

Prints one line: events, wall and CPU seconds of the relay's process, events per second of each.
"""

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path
from urllib.request import urlopen

import msgspec

from deploy.local.processes import Kafka, free_port, spawn
from redirector.spool.writer import SpoolWriter
from schemas.events import Click
from schemas.spool import spools
from schemas.topics import ensure_topics, topics

_UA = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
_LINKS = 20_000
_PARTITIONS = 12
_HANDFUL = 1000


def fill(spool_dir: Path, events: int) -> int:
    """A closed spool of clicks; returns its bytes."""
    writer = SpoolWriter.open(spool_dir, segment_bytes=64 << 20, cap_bytes=1 << 40, fsync="never")
    now_ms = int(time.time() * 1000)
    for start in range(0, events, _HANDFUL):
        lines = []
        for number in range(start, start + _HANDFUL):
            link = f"go.example/{number * 7919 % _LINKS:05d}"
            click = Click(
                time_ms=now_ms,
                link=link,
                seq=writer.take_seq(),
                visitor=number + 1,
                ua=_UA,
                referrer="https://a.example/b",
            )
            lines.append(msgspec.json.encode(click) + b"\n")
        writer.append(b"".join(lines))
    used = writer.used_bytes
    writer.close()
    return used


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far (proc(5), stat, fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Fill, ship, print."""
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        kafka = Kafka(place / "kafka")
        kafka.start()
        try:
            asyncio.run(ensure_topics(kafka.bootstrap, topics(partitions=_PARTITIONS)))
            used = fill(place / "spool", events)
            port = free_port()
            env = {
                "CLICKTALLY_RELAY_BOOTSTRAP_SERVERS": kafka.bootstrap,
                "CLICKTALLY_RELAY_SPOOL_DIR": str(place / "spool"),
                "CLICKTALLY_RELAY_LINK_CACHE_DIR": str(place / "links"),
                "CLICKTALLY_RELAY_METRICS_PORT": str(port),
            }
            relay = spawn([sys.executable, "-m", "redirector", "relay"], env=env, log=place / "relay.log")
            try:
                began, cpu = time.monotonic(), 0.0
                started_cpu = None
                while spools(place / "spool"):
                    time.sleep(0.01)
                    if relay.poll() is not None:
                        raise SystemExit((place / "relay.log").read_text())
                    if started_cpu is None and acknowledged(port):
                        started_cpu, began = cpu_seconds(relay.pid), time.monotonic()
                wall, cpu = time.monotonic() - began, cpu_seconds(relay.pid) - (started_cpu or 0.0)
            finally:
                relay.terminate()
                relay.wait()
        finally:
            kafka.stop()
    print(
        f"{events} events, {used / events:.0f} B each: {wall:.2f} s, {cpu:.2f} CPU s; "
        f"{events / wall:,.0f} events/s, {events / cpu:,.0f} events per CPU second"
    )


def acknowledged(port: int) -> bool:
    """Whether the relay answers yet: what it did until then, imports above all, is not what we measure."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


if __name__ == "__main__":
    main()
