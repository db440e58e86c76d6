"""Parts started by a test end with it, however it ends."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.ports import free_port
from deploy.local.probe import clickhouse_answers, kafka_answers
from deploy.local.processes import REPOSITORY, ClickHouse, NotReadyError, spawn
from tests.looking import until

STARTER = """
import sys
from pathlib import Path
from deploy.local import processes
part = getattr(processes, sys.argv[1])(Path(sys.argv[2]), port=int(sys.argv[3]))
part.start()
print("started", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize(("part", "answers"), [("ClickHouse", clickhouse_answers), ("Kafka", kafka_answers)])
def test_a_part_dies_with_the_process_that_started_it(tmp_path: Path, part: str, answers: object) -> None:
    assert callable(answers)
    port = free_port()
    command = [sys.executable, "-c", STARTER, part, str(tmp_path), str(port)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == b"started\n"
        until(lambda: answers("127.0.0.1", port))
        starter.kill()
    until(lambda: not answers("127.0.0.1", port))


def test_a_part_that_cannot_start_says_why(tmp_path: Path) -> None:
    part = ClickHouse(tmp_path, env={"CLICKTALLY_LOCAL_CLICKHOUSE_THREADS": "none"})
    with pytest.raises(NotReadyError, match="CLICKTALLY_LOCAL_CLICKHOUSE_THREADS"):
        part.start()


def test_a_process_may_use_the_cores_that_its_starter_may_use(tmp_path: Path) -> None:
    all_cores = os.sched_getaffinity(0)
    log = tmp_path / "log"
    command = [sys.executable, "-c", "import os; print(sorted(os.sched_getaffinity(0)), flush=True)"]
    try:
        for cores in ({min(all_cores)}, all_cores):
            os.sched_setaffinity(0, cores)
            assert spawn(command, env={}, log=log).wait(60) == 0
    finally:
        os.sched_setaffinity(0, all_cores)
    assert log.read_text().splitlines() == [str([min(all_cores)]), str(sorted(all_cores))]
