"""A short campaign on six channels, as `make replay-campaign` sends a long one: counted to the last unit."""

import json
import os
import subprocess
import sys
import time
from typing import Final

import pytest

from deploy.local.processes import REPOSITORY

SEED: Final = int(os.environ.get("CAMPAIGN_SEED", "0")) or int(time.time() // 86_400)
WITHIN_S: Final = 600
"""Of a machine that others use too; 40 when it is idle."""

pytestmark = pytest.mark.timeout(WITHIN_S + 30)


def test_a_campaign_on_six_channels_is_counted_to_the_last_unit_through_a_kill() -> None:
    print(f"again: python -m tests.campaign --short --seed {SEED}")
    ended = subprocess.run(
        [sys.executable, "-m", "tests.campaign", "--short", "--seed", str(SEED)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    report = json.loads(ended.stdout.splitlines()[-1])
    assert (report["missing"], report["extra"], report["unmatched"]) == (0, 0, 2)
    assert report["revisions"] > 0
    assert sum(report["kills"].values()) == 1
    assert min(report["sent"].values()) > 0
