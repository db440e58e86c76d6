"""`make run` and `make replay` as a newcomer uses them: real processes, from nothing to a counted click."""

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.local.ports import free_hundred, free_port

# Of a machine that others use too; seconds when it is idle.
PATIENCE_S = 400
pytestmark = pytest.mark.timeout(900)

REPOSITORY = Path(__file__).resolve().parents[2]
LOG_LINE = (
    '10.0.0.{n} - - [17/May/2015:10:05:03 +0000] "{method} /page/{page}?n={n} HTTP/1.1" 200 9 "-" "Mozilla/5.0"\n'
)


class Running:
    """A `python -m deploy.local.run` on ports and a directory of its own."""

    def __init__(self, directory: Path, environment: dict[str, str]) -> None:
        self.directory = directory
        self.environment = environment
        self.log = directory / "run.log"
        with self.log.open("ab") as words:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "deploy.local.run"],
                cwd=REPOSITORY,
                env=environment,
                stdout=words,
                stderr=words,
                start_new_session=True,
            )

    def wait_for(self, pattern: str, *, within_s: float = PATIENCE_S) -> re.Match[str]:
        deadline = time.monotonic() + within_s
        while not (match := re.search(pattern, self.log.read_text())):
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)
        return match

    def pids(self, module: str) -> list[int]:
        """The processes of this stack whose command line names a module."""
        pids = []
        for directory in Path("/proc").glob("[0-9]*"):
            try:
                command = (directory / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                variables = (directory / "environ").read_bytes()
            except OSError:
                continue
            if module in command and f"CLICKTALLY_LOCAL_DATA_DIR={self.directory}\0".encode() in variables:
                pids.append(int(directory.name))
        return pids

    def stop(self) -> int:
        """By SIGTERM; safe to repeat."""
        self.process.terminate()
        return self.process.wait(PATIENCE_S)


def settings(directory: Path) -> dict[str, str]:
    ports = {
        "CLICKTALLY_LOCAL_KAFKA_PORT": free_port(),
        "CLICKTALLY_LOCAL_KAFKA_CONTROLLER_PORT": free_port(),
        "CLICKTALLY_LOCAL_CLICKHOUSE_PORT": free_port(),
        "CLICKTALLY_RUN_PORT": free_port(),
        "CLICKTALLY_RUN_CONSOLE_PORT": free_port(),
        "CLICKTALLY_RUN_METRICS_PORTS": free_hundred(),
    }
    return {
        **os.environ,
        "CLICKTALLY_LOCAL_DATA_DIR": str(directory),
        "CLICKTALLY_RUN_READY_WITHIN_S": str(PATIENCE_S),
        "CLICKTALLY_RUN_COUNTED_WITHIN_S": str(PATIENCE_S),
        "CLICKTALLY_CONSOLE_DEADLINE_S": str(PATIENCE_S),
        "CLICKTALLY_API_SERVED_WITHIN_S": str(PATIENCE_S),
        **{name: str(port) for name, port in ports.items()},
    }


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="module")
def environment(directory: Path) -> dict[str, str]:
    return settings(directory)


@pytest.fixture(scope="module")
def running(directory: Path, environment: dict[str, str]) -> Iterator[Running]:
    stack = Running(directory, environment)
    try:
        stack.wait_for("was counted: ctr_1m shows 1 click of it")
        yield stack
    finally:
        stack.stop()


@pytest.fixture
def start() -> Iterator[Callable[[Path, dict[str, str]], Running]]:
    """Stacks of the test's own; none outlives it."""
    started: list[Running] = []

    def one(directory: Path, environment: dict[str, str]) -> Running:
        started.append(Running(directory, environment))
        return started[-1]

    yield one
    for stack in started:
        stack.stop()


def replay(environment: dict[str, str], log: Path) -> tuple[int, dict[str, float]]:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "deploy.local.replay", str(log)),
            *("--domain", "e2e.localhost", "--deadline-s", str(PATIENCE_S)),
        ],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout.splitlines()[-1])


def write_log(path: Path, requests: int) -> Path:
    methods = ["GET"] * 8 + ["HEAD", "POST"]
    path.write_text(
        "".join(LOG_LINE.format(n=n % 250, method=methods[n % 10], page=n % 17) for n in range(requests))
        + "not a request\n"
    )
    return path


def test_a_first_click_is_counted_and_a_replay_is_exact_twice_in_a_row(running: Running, tmp_path: Path) -> None:
    log = write_log(tmp_path / "access.log", 500)
    for _ in range(2):
        status, summary = replay(running.environment, log)
        assert (status, summary["requests"], summary["counted"]) == (0, 500, 400)
        assert (summary["missing"], summary["extra"], summary["unanswered"], summary["skipped"]) == (0, 0, 0, 1)
        assert summary["misjudged"] == 0


def test_a_token_is_shown_on_the_first_run_and_opens_the_door(
    running: Running, environment: dict[str, str]
) -> None:
    (bearer,) = re.findall(r"ct_[0-9a-f]{16}_[\w-]{43}", running.log.read_text())
    item = {"link": "localhost/hello", "kind": "platform", "source": "platform", "count": 1000}
    request = urllib.request.Request(
        f"http://127.0.0.1:{environment['CLICKTALLY_RUN_PORT']}/v1/impressions",
        json.dumps(item).encode(),
        {"Authorization": f"Bearer {bearer}"},
    )
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310 - as above
        assert json.load(answer) == {"accepted": 1, "rejected": []}


def test_a_link_made_by_the_api_is_followed_as_soon_as_it_is_answered(
    running: Running, environment: dict[str, str]
) -> None:
    (bearer,) = re.findall(r"ct_[0-9a-f]{16}_[\w-]{43}", running.log.read_text())
    assert f"http://127.0.0.1:{environment['CLICKTALLY_RUN_CONSOLE_PORT']}" in running.log.read_text()
    for number in range(5):
        destination = f"https://example.com/{number}"
        request = urllib.request.Request(
            f"http://127.0.0.1:{environment['CLICKTALLY_RUN_CONSOLE_PORT']}/v1/links",
            json.dumps({"domain": "e2e.example", "destination": destination}).encode(),
            {"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310 - as above
            made = json.load(answer)
            assert (answer.status, answer.headers["Clicktally-Served"]) == (201, "yes")
        for _ in range(4):  # the processes that share the port
            connection = http.client.HTTPConnection(
                "127.0.0.1", int(environment["CLICKTALLY_RUN_PORT"]), timeout=30
            )
            connection.request("GET", f"/{made['slug']}", headers={"Host": "e2e.example"})
            redirect = connection.getresponse()
            assert (redirect.status, redirect.headers["Location"]) == (302, destination)
            connection.close()


@pytest.mark.parametrize("module", ["-m redirector serve", "-m redirector relay", "-m stream", "-m console serve"])
def test_a_killed_process_comes_back_by_itself(
    running: Running, environment: dict[str, str], tmp_path: Path, module: str
) -> None:
    victim = running.pids(module)[0]
    os.kill(victim, signal.SIGKILL)
    running.wait_for(rf"\(pid {victim}\) died, started again as \d+")
    status, summary = replay(environment, write_log(tmp_path / "access.log", 100))
    assert (status, summary["counted"]) == (0, 80)


def demonstrated(environment: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "deploy.local.demo", "--days", "2", "--seed", "7"],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_demo_fills_the_stack_once_and_leads_to_the_page(running: Running) -> None:
    words = demonstrated(running.environment)
    filled = re.search(r"filled and counted in (\d+) s: (\d+) links, \d+ totals, (\d+) clicks", words)
    assert filled, words
    link = re.search(r"(http://127\.0\.0\.1:\d+)/sign-in#code=([\w-]{43})", words)
    assert link, words
    port = int(link[1].rpartition(":")[2])
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as browser:
        headers = {"Content-Type": "application/json", "Clicktally-Page": "1", "Origin": link[1]}
        browser.request("POST", "/v1/session", json.dumps({"code": link[2]}), headers)
        answer = browser.getresponse()
        cookie = answer.headers["Set-Cookie"].partition(";")[0]
        assert (answer.status, json.load(answer)["name"]) == (201, "make run")
        browser.request("GET", "/v1/reports/campaigns", headers={"Cookie": cookie})
        rows = {row["campaign"]: row for row in json.load(browser.getresponse())["rows"]}
    names = {"Spring sale", "Product launch", "Field guide", "Brand stories"}
    assert sum(rows[name]["gross_clicks"] for name in names) >= int(filled[3])
    assert rows["Brand stories"]["pattern"] == "awareness"
    assert "from an earlier run" in demonstrated(running.environment)


def test_a_second_stack_on_the_same_ports_is_refused(running: Running, environment: dict[str, str]) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "deploy.local.run"],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 1
    assert "ports are taken" in second.stderr
    assert running.process.poll() is None


def test_a_stopped_stack_leaves_no_process_and_finds_its_data_again(
    start: Callable[[Path, dict[str, str]], Running], tmp_path: Path
) -> None:
    environment = settings(tmp_path)
    first = start(tmp_path, environment)
    first.wait_for("ctr_1m shows 1 click of it")
    assert first.stop() == 0
    assert first.pids("-m") == []
    second = start(tmp_path, environment)
    second.wait_for("ctr_1m shows 2 clicks of it")
    # Killed without a word, it takes its processes with it.
    second.process.kill()
    second.process.wait()
    deadline = time.monotonic() + PATIENCE_S
    while second.pids("-m") or second.pids("kafka.Kafka"):
        assert time.monotonic() < deadline, second.pids("")
        time.sleep(0.1)
