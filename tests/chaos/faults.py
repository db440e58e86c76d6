"""The faults that every part must survive. Each returns once it is over."""

import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from schemas.spool import segment_path, segments
from tests.chaos import console_faults, log_faults, storage_faults
from tests.chaos.proxy import Mode, Proxy
from tests.chaos.supervisor import Unit
from tests.chaos.world import World

SESSION_TIMEOUT_S: Final = 6.0

Inject = Callable[[World], None]


class Fault(NamedTuple):
    """What it does, and to which kinds of part; two faults at once never share one."""

    inject: Inject
    targets: frozenset[str]
    alone: bool = False


def _some(world: World, kind: str) -> list[Unit]:
    """One part of a kind, or all of them."""
    units = world.stack.supervisor.of_kind(kind)
    return units if world.rng.random() < 0.25 else [world.rng.choice(units)]


def _kill(kind: str) -> Inject:
    def inject(world: World) -> None:
        for _ in range(world.rng.randint(1, 2)):
            for unit in _some(world, kind):
                unit.send(signal.SIGKILL)
            world.sleep(0.5, 2.5)

    return inject


def _stop(kind: str, at_least_s: float, at_most_s: float) -> Inject:
    def inject(world: World) -> None:
        units = _some(world, kind)
        for unit in units:
            unit.send(signal.SIGSTOP)
        world.sleep(at_least_s, at_most_s)
        for unit in units:
            unit.send(signal.SIGCONT)

    return inject


def _network(which: str, mode: Mode) -> Inject:
    def inject(world: World) -> None:
        proxy: Proxy = getattr(world.stack, f"{which}_proxy")
        world.stack.call(proxy.set_mode(mode, world.rng.uniform(0.05, 0.6)))
        world.sleep(2.0, 6.0)
        world.stack.call(proxy.set_mode("pass"))

    return inject


def _rolling_restart(kind: str) -> Inject:
    def inject(world: World) -> None:
        for unit in world.stack.supervisor.of_kind(kind):
            unit.restart()
            world.sleep(0.5, 2.0)

    return inject


def _scale_out_and_in(world: World) -> None:
    worker = world.stack.add_stream_worker(3)
    worker.start()
    world.sleep(4.0, 7.0)
    worker.hold(world.rng.choice((signal.SIGTERM, signal.SIGKILL)))


def _torn_tail(world: World) -> None:
    """Kill a serve and leave half a line where it wrote last, before the relay looks there again."""
    relay = world.stack.supervisor.units["relay"]
    unit = world.rng.choice(world.stack.supervisor.of_kind("serve"))
    relay.send(signal.SIGSTOP)
    try:
        spool = _spool_of(unit, world.stack.spool_dir)
        unit.send(signal.SIGKILL)
        time.sleep(0.1)
        if spool is not None and (segment_files := segments(spool)):
            with segment_path(spool, segment_files[-1]).open("ab") as segment:
                segment.write(b'{"type":"click","time_ms":1700000000000,"link":"go.exam')
        world.sleep(0.5, 1.5)
    finally:
        relay.send(signal.SIGCONT)


def _spool_of(unit: Unit, spool_dir: Path) -> Path | None:
    """The spool that a serve process holds open."""
    for descriptor in Path(f"/proc/{unit.pid}/fd").iterdir():
        try:
            path = descriptor.readlink()
        except OSError:
            continue
        if path.parent.parent == spool_dir:
            return path.parent
    return None


def _of(*targets: str) -> frozenset[str]:
    return frozenset(targets)


FAULTS: Final[dict[str, Fault]] = {
    "kill_serve": Fault(_kill("serve"), _of("serve")),
    "kill_relay": Fault(_kill("relay"), _of("relay")),
    "kill_stream": Fault(_kill("stream"), _of("stream")),
    "kill_tables": Fault(_kill("tables"), _of("tables")),
    "kill_kafka": Fault(_kill("kafka"), _of("kafka")),
    "kill_clickhouse": Fault(_kill("clickhouse"), _of("clickhouse")),
    "stop_serve": Fault(_stop("serve", 2, 5), _of("serve")),
    "stop_relay": Fault(_stop("relay", 2, 6), _of("relay")),
    "stop_stream": Fault(_stop("stream", SESSION_TIMEOUT_S + 1, SESSION_TIMEOUT_S + 3), _of("stream")),
    "stop_kafka": Fault(_stop("kafka", 4, 8), _of("kafka")),
    "stop_clickhouse": Fault(_stop("clickhouse", 4, 6), _of("clickhouse")),
    "cut_clickhouse": Fault(_network("clickhouse", "cut"), _of("clickhouse")),
    "delay_clickhouse": Fault(_network("clickhouse", "delay"), _of("clickhouse")),
    "lose_answers_of_clickhouse": Fault(_network("clickhouse", "deaf"), _of("clickhouse")),
    "cut_kafka": Fault(_network("kafka", "cut"), _of("kafka")),
    "delay_kafka": Fault(_network("kafka", "delay"), _of("kafka")),
    "lose_answers_of_kafka": Fault(_network("kafka", "deaf"), _of("kafka")),
    "torn_tail": Fault(_torn_tail, _of("serve", "relay")),
    "scale_out_and_in": Fault(_scale_out_and_in, _of("stream")),
    "rolling_restart_serve": Fault(_rolling_restart("serve"), _of("serve")),
    "rolling_restart_relay": Fault(_rolling_restart("relay"), _of("relay")),
    "rolling_restart_stream": Fault(_rolling_restart("stream"), _of("stream")),
    "disk_full": Fault(storage_faults.fill_disk, _of("spool")),
    "spool_cap": Fault(storage_faults.lower_cap, _of("serve", "spool")),
    "backup_clickhouse": Fault(storage_faults.back_up, _of("clickhouse")),
    "restore_clickhouse": Fault(storage_faults.restore, _of("clickhouse"), alone=True),
    "clock_jump": Fault(log_faults.jump_clock, _of("producer")),
    "poison": Fault(log_faults.poison, _of("producer")),
    "truncate_flushed": Fault(log_faults.truncate_flushed, _of("log"), alone=True),
    "truncate_unflushed": Fault(log_faults.truncate_unflushed, _of("log"), alone=True),
    "truncate_unread": Fault(log_faults.truncate_unread, _of("log"), alone=True),
}
"""By name, in the order of telling."""

CONSOLE_FAULTS: Final[dict[str, Fault]] = {
    "kill_console": Fault(_kill("console"), _of("console")),
    "kill_writer": Fault(console_faults.kill_writer, _of("console")),
    "stop_console": Fault(_stop("console", 2, 5), _of("console")),
    "stop_writer": Fault(console_faults.stop_writer, _of("console")),
    "rolling_restart_console": Fault(_rolling_restart("console"), _of("console")),
    "isolate_console": Fault(console_faults.isolate, _of("kafka")),
    "cut_consoles": Fault(console_faults.between("cut"), _of("console")),
    "delay_consoles": Fault(console_faults.between("delay"), _of("console")),
    "lose_answers_of_consoles": Fault(console_faults.between("deaf"), _of("console")),
}
"""Those of the consoles: every third round is one of them."""

ALL: Final = FAULTS | CONSOLE_FAULTS
_EVERY: Final = 3


def draw(seed: int, rounds: int, *, small_disk: bool) -> list[tuple[str, ...]]:
    """The faults of each round: all kinds shuffled, again and again; some rounds get a second one beside."""
    rng = random.Random(f"{seed}-deck")
    kinds = [name for name in FAULTS if small_disk or name != "disk_full"]
    of_consoles = _shuffled([*CONSOLE_FAULTS], rng)
    of_others = _shuffled(kinds, rng)
    deck = [next(of_others if number % _EVERY else of_consoles) for number in range(1, rounds + 1)]
    return [_with_another(name, rng, [*kinds, *CONSOLE_FAULTS]) for name in deck]


def _shuffled(kinds: list[str], rng: random.Random) -> Iterator[str]:
    while True:
        yield from rng.sample(kinds, len(kinds))


def _with_another(name: str, rng: random.Random, kinds: list[str]) -> tuple[str, ...]:
    first = ALL[name]
    others = [
        other
        for other in kinds
        if not ALL[other].alone and not first.alone and not ALL[other].targets & first.targets
    ]
    if others and rng.random() < 0.35:
        return name, rng.choice(sorted(others))
    return (name,)
