"""The console's page in a browser: first paint, time until numbers, interactions, bytes.

    python -m bench.page [--runs N]

On the demo of `make demo`, and on an account with 5,000 posts in one campaign; the whole stack of `make run` and
Chromium share the machine. A run of the first kind begins with nothing cached.
"""

import argparse
import asyncio
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
from playwright.async_api import async_playwright

from bench.machine import require, run_bench
from bench.page_fill import CAMPAIGN, POSTS, fill, token_of
from bench.page_seen import FIRST, INTERACTIONS, MORE, Visit, first_visits, interactions
from bench.results import Goal, Result, Rounds, publish
from bench.stack import BenchError, say, scratch
from deploy.local.ports import free_hundred, free_port
from deploy.local.processes import spawn
from deploy.local.settings import LocalSettings
from deploy.local.stack.settings import RunSettings, Stack

RUNS: Final = 12
PAINT_GOAL_MS: Final = 500.0
INTERACTION_GOAL_MS: Final = 100.0
BYTES_GOAL: Final = 60_000.0
DEMO_CAMPAIGN: Final = "Spring sale"
LARGE: Final = "large"
_UP_WITHIN_S: Final = 300.0
_FLAGS: Final = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")


@contextmanager
def demo(place: Path) -> Iterator[Stack]:
    """The stack of `make demo`, filled, on ports and a directory of its own."""
    settings = {
        "CLICKTALLY_LOCAL_DATA_DIR": str(place / "data"),
        "CLICKTALLY_LOCAL_KAFKA_PORT": free_port(),
        "CLICKTALLY_LOCAL_KAFKA_CONTROLLER_PORT": free_port(),
        "CLICKTALLY_LOCAL_CLICKHOUSE_PORT": free_port(),
        "CLICKTALLY_RUN_PORT": free_port(),
        "CLICKTALLY_RUN_CONSOLE_PORT": free_port(),
        "CLICKTALLY_RUN_METRICS_PORTS": free_hundred(),
        "CLICKTALLY_API_REQUESTS_PER_SECOND": 1_000_000,
        "CLICKTALLY_API_REQUESTS_BURST": 1_000_000,
    }
    os.environ |= {name: str(value) for name, value in settings.items()}
    stack = Stack(LocalSettings.load(), RunSettings.load())
    log = place / "demo.log"
    process = spawn([sys.executable, "-m", "deploy.local.demo"], env={}, log=log)
    try:
        deadline = time.monotonic() + _UP_WITHIN_S
        while not re.search("the demo, signed in", log.read_text()):
            if process.poll() is not None or time.monotonic() > deadline:
                raise BenchError(f"the demo did not come up; its log ends:\n{log.read_text()[-3000:]}")
            time.sleep(0.1)
        yield stack
    finally:
        process.terminate()
        process.wait(_UP_WITHIN_S)


async def seen(stack: Stack, visits: list[Visit], runs: int, measured: Rounds) -> None:
    """Everything that is measured, of each visit."""
    async with async_playwright() as playwright:
        for visit in visits:
            for clock in (first_visits, interactions):
                # A browser of its own: none is warm from what came before.
                browser = await playwright.chromium.launch(executable_path=require("chromium"), args=list(_FLAGS))
                try:
                    taken = await clock(browser, stack.console_url, visit, runs)
                finally:
                    await browser.close()
                for name, values in taken.items():
                    unit = "bytes" if "bytes" in name else "ms"
                    measured.add(
                        f"{name}, {visit.name}",
                        **{f"p50_{unit}": float(np.percentile(values, 50))},
                        **{f"p95_{unit}": float(np.percentile(values, 95))},
                    )


def run(runs: int) -> Result:
    """Fill, look, judge."""
    measured = Rounds()
    with scratch() as place, demo(place) as stack:
        say("the demo is there")
        large = token_of(stack, LARGE)
        asyncio.run(fill(stack, large, account=LARGE, tell=say))
        visits = [
            Visit(name="demo", bearer=token_of(stack, ""), campaign=DEMO_CAMPAIGN),
            Visit(name=f"{POSTS:,} posts", bearer=large, campaign=CAMPAIGN),
        ]
        asyncio.run(seen(stack, visits, runs, measured))
    names = [visit.name for visit in visits]

    def worst(kinds: tuple[str, ...], measure: str, name: str) -> float:
        return max(measured.median(f"{kind}, {name}", measure) for kind in kinds if name != "demo" or kind != MORE)

    return Result(
        name="page",
        title=f"The page in Chromium: the demo, and {POSTS:,} posts in one campaign",
        command="make bench-page",
        figures=measured.figures(),
        goals=[
            *(
                Goal(f"first paint, {name}, p95", worst((FIRST,), "p95_ms", name), "at most", PAINT_GOAL_MS, "ms")
                for name in names
            ),
            *(
                Goal(
                    f"slowest interaction until the next paint, {name}, p95",
                    worst(INTERACTIONS, "p95_ms", name),
                    "at most",
                    INTERACTION_GOAL_MS,
                    "ms",
                )
                for name in names
            ),
            Goal(
                "scripts and styles until numbers are shown",
                measured.median("scripts and styles bytes, until numbers, demo", "p50_bytes"),
                "at most",
                BYTES_GOAL,
                "bytes",
            ),
        ],
        leaves_out=[
            "a network: the browser is on the same machine as the console, without TLS.",
            "phones: the processor is this machine's, shared with the stack and the browser's own processes.",
        ],
        notes=[
            f"{runs} runs of each. First paint is Chromium's first-contentful-paint, nothing cached.",
            "Numbers are shown when headlines and cards are painted.",
            "An interaction is timed from the browser's time stamp of the event to the task after the next frame.",
            "Until new numbers are shown, a period and a comparison take a request: those times stand beside them.",
        ],
    )


def main() -> None:
    """Parse, run, publish."""
    parser = argparse.ArgumentParser(prog="python -m bench.page", description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    publish(run(parser.parse_args().runs))


if __name__ == "__main__":
    run_bench(main, needs=("chromium",))
