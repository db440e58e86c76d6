"""A short run of the chaos harness: other seeds every day, so that in time every fault meets every other."""

import json
import os
import subprocess
import sys
import time
from typing import Any, Final

import pytest

from deploy.local.processes import REPOSITORY

SEED: Final = int(os.environ.get("CHAOS_SEED", "0")) or 2 * int(time.time() // 86_400)
ROUNDS: Final = 3
WITHIN_S: Final = 840

pytestmark = pytest.mark.timeout(WITHIN_S + 60)


def run(*arguments: str) -> tuple[int, dict[str, Any], str]:
    """Exit status, the last line, and all of what was printed."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.chaos", *arguments],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    last = ended.stdout.splitlines()[-1] if ended.stdout else "{}"
    return ended.returncode, json.loads(last) if last.startswith("{") else {}, ended.stdout


@pytest.mark.parametrize("seed", [SEED, SEED + 1])
def test_after_some_rounds_of_faults_every_answered_event_is_counted_once(seed: int) -> None:
    print(f"again: make chaos SEED={seed} ROUNDS={ROUNDS}")
    status, report, printed = run("--seed", str(seed), "--rounds", str(ROUNDS))
    print(printed)
    assert status == 0, printed
    assert report["lost"] == report["doubled"] == 0
    assert report["audit"] == {"holes": 0, "overlaps": 0, "doubles": 0}
    assert report["answered"] > 0
    links = report["links"]
    assert links["lost"] == links["doubled"] == 0
    assert links["acknowledged"] > 100
    assert links["replayed"] > 0
    assert set(report) >= {"seed", "rounds", "faults", "unanswered", "counted", "recovery_seconds"}


def test_falsified_tables_fail_the_run() -> None:
    status, report, printed = run("--seed", "1", "--rounds", "0", "--tamper")
    assert status == 1, printed
    assert report["lost"] > 0
    assert report["doubled"] > 0
