"""Flame graphs of the worker and of `serve` under load, by py-spy, into docs/profiles/.

python -m bench.profiles
"""

import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from bench.load import get_links, wrk
from bench.machine import SERVER_CORE, run_bench
from bench.stack import clickhouse, fill_link_cache, fresh_database, kafka, scratch, serve, worker
from bench.topics import fill
from bench.traffic import Traffic
from deploy.local.ports import free_port
from deploy.local.processes import REPOSITORY

PROFILES_DIR: Final = REPOSITORY / "docs" / "profiles"
_SPY: Final = Path(sys.executable).with_name("py-spy")
_SECONDS: Final = 12
_EVENTS: Final = 1_500_000
_LINKS: Final = 100_000


def record(pid: int, name: str, kind: str = "flamegraph", suffix: str = "svg") -> None:
    """Sample a process for some seconds."""
    command = [
        str(_SPY),
        "record",
        "--pid",
        str(pid),
        "--duration",
        str(_SECONDS),
        "--rate",
        "250",
        "--nonblocking",
    ]
    output = PROFILES_DIR / f"{name}.{suffix}"
    subprocess.run([*command, "--format", kind, "--output", str(output)], check=False, stderr=subprocess.DEVNULL)
    if output.exists():  # the title is the command, with where this checkout lies
        output.write_text(output.read_text().replace(f"{REPOSITORY}/", ""))


def profile_worker(place: Path, kind: str, suffix: str) -> None:
    """The worker, catching up."""
    with clickhouse(place) as server, kafka(place, partitions=4) as broker:
        fill(broker.bootstrap, Traffic(links=_LINKS, partitions=4), _EVENTS)
        with (
            fresh_database(server, "profiled") as url,
            worker(broker.bootstrap, url, place / "worker.log") as service,
        ):
            service.until(lambda: '"ready": true' in service.get("/readyz"), "being ready")
            time.sleep(1.0)
            record(service.pid, "worker", kind, suffix)


def profile_serve(place: Path, kind: str, suffix: str) -> None:
    """One `serve` process at full load."""
    fill_link_cache(place / "links", get_links(_LINKS))
    port = free_port()
    with serve(place, port=port) as service:
        service.until(lambda: bool(service.get("/metrics")), "its metrics")
        load = wrk(place, port, links=_LINKS, connections=64, seconds=_SECONDS + 6)
        time.sleep(3.0)
        record(service.pid, "serve", kind, suffix)
        load.finish()


def main() -> None:
    """Both, as flame graphs, or as collapsed stacks when `raw` is asked for."""
    kind, suffix = ("raw", "txt") if "raw" in sys.argv[1:] else ("flamegraph", "svg")
    PROFILES_DIR.mkdir(parents=True, exist_ok=True)
    print(f"core {SERVER_CORE}, {_SECONDS} s each", flush=True)
    with scratch() as place:
        profile_serve(place / "serve", kind, suffix)
        profile_worker(place / "worker", kind, suffix)


if __name__ == "__main__":
    run_bench(main, needs=("wrk", "taskset"))
