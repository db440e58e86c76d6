"""A run from the first click to the recount."""

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import msgspec

from deploy.local.processes import spawn
from schemas.spool import spools
from tests.chaos import probe
from tests.chaos.abuse import ABUSED_LINKS
from tests.chaos.faults import ALL, draw
from tests.chaos.findings import compare
from tests.chaos.http import NoAnswerError
from tests.chaos.ledger import Ledger, merge
from tests.chaos.link_answers import compare_links
from tests.chaos.link_ledger import LinkLedger
from tests.chaos.report import Played
from tests.chaos.second_opinion import product_audit
from tests.chaos.stack import LOAD_LINKS, Stack, wait_for
from tests.chaos.world import World

PAUSE_S: Final = 0.03
LINK_PAUSE_S: Final = 0.06
QUIET_WITHIN_S: Final = 240.0
LOAD_ENDS_WITHIN_S: Final = 120.0
LOAD_AT_LEAST_S: Final = 2.0


def play(
    place: Path,
    *,
    seed: int,
    rounds: int,
    own_mounts: bool,
    only: tuple[str, ...] = (),
    tamper: Callable[[Stack], None] = lambda _: None,
) -> Played:
    """Start the stack below `place`, break it in every round, let it come to rest, `tamper` with it, recount."""
    links = [f"l{number}" for number in range(LOAD_LINKS)] + [*ABUSED_LINKS]
    links += [slug for number in range(rounds + 1) for slug in probe.slugs(number)]
    stack = Stack(place, own_mounts=own_mounts, links=links)
    played = Played(seed, rounds)
    try:
        stack.start()
        own = Ledger()
        ledger_file, link_ledger_file = place / "ledger.json", place / "links.json"
        warm_up_s = probe.recovery_s(stack, own, 0)
        loads = [_start_load(stack, seed, ledger_file), _start_link_load(stack, seed, link_ledger_file)]
        print(f"started: the first click was visible after {warm_up_s:.1f} s; logs in {stack.logs}", flush=True)
        wait_for(link_ledger_file.exists, "the load of changes of links")
        time.sleep(LOAD_AT_LEAST_S)
        _play_rounds(stack, own, played, only)
        for load in loads:
            load.send_signal(signal.SIGTERM)
        for load in loads:
            if load.wait(LOAD_ENDS_WITHIN_S):
                played.notes.append(f"a load ended by an error: logs in {stack.logs}")
        played.link_ledger = msgspec.json.decode(link_ledger_file.read_bytes(), type=LinkLedger)
        played.link_findings = compare_links(stack, played.link_ledger)
        _come_to_rest(stack, played)
        played.ledger = merge((own, msgspec.json.decode(ledger_file.read_bytes(), type=Ledger)))
        if played.ledger.rejected:
            played.notes.append(f"{played.ledger.rejected} items were rejected, as if their links were unknown")
        played.notes += played.ledger.surprises + played.link_ledger.surprises
        tamper(stack)
        played.findings = compare(stack, played.ledger, stack.reader.records.values())
        played.product_audit = product_audit(stack)
    finally:
        stack.stop()
    return played


def _start_load(stack: Stack, seed: int, ledger: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.chaos.load", "--seed", str(seed), "--port", str(stack.port)]
    command += ["--links", str(LOAD_LINKS), "--pause-s", str(PAUSE_S), "--ledger", str(ledger)]
    return spawn(command, env={}, log=stack.logs / "load.log")


def _start_link_load(stack: Stack, seed: int, ledger: Path) -> subprocess.Popen[bytes]:
    consoles = ",".join(str(port) for port in stack.consoles.ports.values())
    command = [sys.executable, "-m", "tests.chaos.link_load", "--seed", str(seed), "--consoles", consoles]
    command += ["--port", str(stack.port), "--pause-s", str(LINK_PAUSE_S), "--ledger", str(ledger)]
    return spawn(command, env={}, log=stack.logs / "link_load.log")


def _play_rounds(stack: Stack, own: Ledger, played: Played, only: tuple[str, ...]) -> None:
    deck = draw(played.seed, played.rounds, small_disk=stack.small_disk)
    if only:
        deck = [(only[number % len(only)],) for number in range(played.rounds)]
    backups: list[Path] = []
    faults: Counter[str] = Counter()
    with ThreadPoolExecutor(2, "fault") as threads:
        for number, names in enumerate(deck, start=1):
            began = time.monotonic()
            worlds = [
                World(stack, random.Random(f"{played.seed}-{number}-{name}"), number, own, backups, played.notes)
                for name in names
            ]
            worlds[0].sleep(0.2, 1.2)
            running = [threads.submit(ALL[name].inject, world) for name, world in zip(names, worlds, strict=True)]
            for name, one in zip(names, running, strict=True):
                try:
                    one.result()
                except (TimeoutError, NoAnswerError) as error:
                    played.notes.append(f"round {number}: {name} did not come to its end: {error}")
            faults.update(names)
            lasted_s = time.monotonic() - began
            recovery_s = probe.recovery_s(stack, own, number)
            played.recoveries_s.append(recovery_s)
            changes_s = probe.changes_recovery_s(stack)
            played.changes_recoveries_s.append(changes_s)
            played.faults = dict(faults)
            print(
                f"round {number:3}/{played.rounds}  {' + '.join(names):50}  "
                f"fault {lasted_s:5.1f} s, recovery {recovery_s:5.1f} s, of changes {changes_s:5.1f} s more",
                flush=True,
            )
            if recovery_s >= probe.RECOVERED_WITHIN_S:
                played.notes.append(f"round {number}: no probe was visible within {probe.RECOVERED_WITHIN_S:.0f} s")
            if changes_s >= probe.RECOVERED_WITHIN_S:
                played.notes.append(
                    f"round {number}: no changes were taken within {probe.RECOVERED_WITHIN_S:.0f} s"
                )


def _come_to_rest(stack: Stack, played: Played) -> None:
    """Seal the spools, wait until they are in Kafka, and until ClickHouse covers all of the log."""
    for unit in stack.supervisor.of_kind("serve"):
        unit.hold()

    def covered() -> bool:
        reader = stack.reader
        try:
            heads = stack.heads()
        except NoAnswerError:
            return False
        ends = {place: end for place, end in reader.next_offsets.items() if place[0] != "dead-letters"}
        return all(heads.get(place, -1) == end - 1 for place, end in ends.items())

    try:
        wait_for(lambda: not spools(stack.spool_dir), "all spools are in Kafka", QUIET_WITHIN_S)
        time.sleep(2.0)
        wait_for(covered, "ClickHouse covers Kafka's log", QUIET_WITHIN_S)
        time.sleep(1.0)
    except TimeoutError as error:
        left = [spool.name for spool in spools(stack.spool_dir)]
        played.notes.append(f"no rest: {error}; spools left {left}, log ends {stack.reader.next_offsets}")
