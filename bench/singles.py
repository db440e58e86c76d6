"""What others make of one event a record: the textbook Faust application and Quix Streams, CPU per event."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import msgspec
from aiokafka import AIOKafkaProducer

from bench.machine import SERVER_CORE, cpu_seconds, on_core
from bench.stack import CACHE, BenchError
from bench.traffic import Traffic
from deploy.local.processes import REPOSITORY, spawn
from schemas.events import Click
from schemas.topics import CLICKS, Topic

SINGLE_TOPIC: Final = Topic("single-clicks", 1, {})
_REQUIREMENTS: Final = REPOSITORY / "bench" / "peers" / "requirements.txt"
_WITHIN_S: Final = 300.0


def fill_singles(bootstrap: str, events: int, *, links: int) -> None:
    """Write so many clicks, one a record, keyed by link."""
    asyncio.run(_fill(bootstrap, events, links))


async def _fill(bootstrap: str, events: int, links: int) -> None:
    traffic = Traffic(links=links, partitions=1, seed=11)
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks=1, linger_ms=20, max_batch_size=256 * 1024)
    await producer.start()
    decoder = msgspec.json.Decoder(Click)
    sent = 0
    try:
        for batch in traffic.batches(CLICKS, events):
            for line in batch.value.splitlines() if batch.fresh else ():
                if sent < events:
                    await producer.send(
                        SINGLE_TOPIC.name, line, key=decoder.decode(line).link.encode(), partition=0
                    )
                    sent += 1
        await producer.flush()
    finally:
        await producer.stop()


def faust_command(bootstrap: str, events: int) -> list[str]:
    """The textbook application's worker."""
    return [sys.executable, "-m", "bench.peers.textbook_faust", bootstrap, str(events), "worker"]


def quix_command(bootstrap: str, events: int, state_dir: Path) -> list[str]:
    """Quix Streams' application. Raises BenchError when it cannot be installed."""
    return [str(_quix_python()), "bench/peers/quix_app.py", bootstrap, str(events), str(state_dir)]


def run_single(command: list[str], events: int, log: Path) -> dict[str, float]:
    """Run an application until it counted everything; wall and CPU from its first event on.

    Raises BenchError with its last words.
    """
    log.unlink(missing_ok=True)
    process = spawn(on_core(SERVER_CORE, command), env={"PYTHONUNBUFFERED": "1"}, log=log)
    try:
        _until(process, log, b"began")
        began, cpu = time.monotonic(), cpu_seconds(process.pid)
        _until(process, log, b"done")
        wall_s, cpu_s = time.monotonic() - began, cpu_seconds(process.pid) - cpu
    finally:
        process.kill()
        process.wait()
    return {
        "events_per_s": events / wall_s,
        "worker_cpu_s_per_million": cpu_s / events * 1e6,
        "wall_us_per_event": wall_s / events * 1e6,
    }


def _until(process: "subprocess.Popen[bytes]", log: Path, word: bytes) -> None:
    deadline = time.monotonic() + _WITHIN_S
    while word not in log.read_bytes():  # Faust writes terminal codes around its words
        if process.poll() is not None or time.monotonic() > deadline:
            raise BenchError(f"never said {word.decode()!r}; its log ends:\n{log.read_bytes()[-2000:].decode()}")
        time.sleep(0.01)


def _quix_python() -> Path:
    """The interpreter of Quix Streams' own venv, made on first use."""
    venv = CACHE / "quix"
    python = venv / "bin" / "python"
    wanted = _REQUIREMENTS.read_text()
    mark = venv / "installed.txt"
    if not mark.is_file() or mark.read_text() != wanted:
        for command in (
            [sys.executable, "-m", "venv", "--clear", str(venv)],
            [str(python), "-m", "pip", "install", "-q", "-r", str(_REQUIREMENTS)],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise BenchError(f"Quix Streams could not be installed: {done.stderr[-500:]}")
        mark.write_text(wanted)
    return python
