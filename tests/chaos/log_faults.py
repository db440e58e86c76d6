"""Faults of what lies in Kafka's log: foreign records that are no events, wrong clocks, retention."""

import json
import shutil
import signal
import time
from typing import Final

from tests.chaos.ledger import Source
from tests.chaos.stack import PARTITIONS, wait_for
from tests.chaos.world import World

_DAY_MS: Final = 24 * 3600 * 1000
_TYPES: Final = {"clicks": "click", "impressions": "impression"}
_LOG_GAPS: Final = "clicktally_stream_log_gap_records_total"

Record = tuple[str, int, bytes, list[tuple[str, bytes]]]


def poison(world: World) -> None:
    """Records that are no events, some with good lines among them: the good ones count."""
    rng = world.rng
    for _ in range(rng.randint(2, 4)):
        records: list[Record] = []
        good: list[int] = []
        for _ in range(rng.randint(3, 8)):
            topic = rng.choice(sorted(_TYPES))
            lines = [_line(world, topic) for _ in range(rng.randint(0, 4))]
            good.append(len(lines))
            for _ in range(rng.randint(1, 2)):
                lines.insert(rng.randint(0, len(lines)), _garbage(world, topic))
            headers: list[tuple[str, bytes]] = []
            if rng.random() < 0.2:
                headers = [("spool", b"abc"), ("first", b"9"), ("last", b"nine")]
                good[-1] = 0
            records.append((topic, rng.randrange(PARTITIONS), b"\n".join(lines), headers))
        _send(world, records, good)
        world.sleep(0.2, 0.8)


def jump_clock(world: World) -> None:
    """A producer whose clock is wrong: far ahead or far behind is a dead letter, a little behind is late."""
    rng = world.rng
    for _ in range(rng.randint(3, 6)):
        records: list[Record] = []
        good: list[int] = []
        for _ in range(rng.randint(1, 5)):
            topic = rng.choice(sorted(_TYPES))
            jumps = [rng.choice((-2000, -100, -40, -1, 1, 300)) for _ in range(rng.randint(1, 6))]
            lines = [_line(world, topic, jump * _DAY_MS) for jump in jumps]
            good.append(sum(-90 < jump < 0 for jump in jumps))
            records.append((topic, rng.randrange(PARTITIONS), b"\n".join(lines), []))
        _send(world, records, good)
        world.sleep(0.2, 0.8)


def truncate_flushed(world: World) -> None:
    """Retention takes what is counted already: nobody must notice. Older backups are of no use after that."""
    _discard_backups(world)
    heads = world.heads()
    offsets = world.stack.reader.next_offsets
    world.delete_records(
        {place: min(world.rng.randint(head // 2, head + 1), offsets[place]) for place, head in heads.items()}
    )
    world.sleep(0.5, 1.5)


def truncate_unflushed(world: World) -> None:
    """Retention takes what was never counted, while no stream worker runs: lost, and said so."""
    _discard_backups(world)
    workers = world.stack.supervisor.of_kind("stream")
    before = _gaps_by_worker(world)
    for worker in workers:
        worker.hold()
    wanted = _cut(world, {place: head + 1 for place, head in world.heads().items()})
    for worker in workers:
        worker.start()
    _expect_rise(world, wanted, before)


def truncate_unread(world: World) -> None:
    """Retention takes records under a worker's nose: it runs, but was too slow to read them."""
    _discard_backups(world)
    workers = world.stack.supervisor.of_kind("stream")
    before = _gaps_by_worker(world)
    for worker in workers:
        worker.send(signal.SIGSTOP)
    time.sleep(0.7)  # what a worker asked for before it stopped is on its way to it
    wanted = _cut(world, dict(world.stack.reader.next_offsets))
    for worker in workers:
        worker.send(signal.SIGCONT)
    _expect_rise(world, wanted, before)


def _cut(world: World, unread: dict[tuple[str, int], int]) -> int:
    """Delete some records from the offsets `unread` on that our own reader has; returns how many those are."""
    time.sleep(world.rng.uniform(2.0, 3.0))
    offsets = world.stack.reader.next_offsets
    cuts: dict[tuple[str, int], int] = {}
    for place, first in sorted(unread.items()):
        spare = offsets[place] - first
        if place[0] in _TYPES and spare >= 3 and world.rng.random() < 0.8:
            cuts[place] = first + world.rng.randint(1, spare - 1)
    if cuts:
        world.delete_records(cuts)
    return sum(cut - unread[place] for place, cut in cuts.items())


def _gaps_by_worker(world: World) -> dict[tuple[str, int], float]:
    """What the metric of log gaps says, by worker and by how often it was started."""
    units = world.stack.supervisor.of_kind("stream")
    return {(unit.name, unit.starts): world.stack.metric(unit.name, _LOG_GAPS) or 0.0 for unit in units}


def _expect_rise(world: World, wanted: int, before: dict[tuple[str, int], float]) -> None:
    """What is gone must show in the metric."""

    def rose() -> bool:
        return any(value > before.get(unit, 0.0) for unit, value in _gaps_by_worker(world).items())

    if not wanted:
        return
    try:
        wait_for(rose, "the metric tells of the gap", 30.0)
    except TimeoutError:
        world.notes.append(f"round {world.round}: {wanted} records deleted before the heads, none in {_LOG_GAPS}")


def _discard_backups(world: World) -> None:
    for backup in world.backups:
        shutil.rmtree(backup)
    world.backups.clear()


def _line(world: World, topic: str, jump_ms: int = 0) -> bytes:
    event = {
        "type": _TYPES[topic],
        "time_ms": int(time.time() * 1000) + jump_ms,
        "link": f"foreign.example/{world.rng.randrange(10)}",
    }
    if topic == "impressions":
        event |= {"source": "api", "kind": "served"}
    return json.dumps(event).encode()


def _garbage(world: World, topic: str) -> bytes:
    other = "impressions" if topic == "clicks" else "clicks"
    whole = _line(world, topic)
    return world.rng.choice(
        (
            world.rng.randbytes(30).replace(b"\n", b"."),
            whole[: world.rng.randint(1, len(whole) - 1)],
            _line(world, other),
            whole.replace(b'"link"', b'"lnik"'),
            whole.replace(b"}", b', "v": 99}'),
            b"[]",
            b"null",
        )
    )


def _send(world: World, records: list[Record], good: list[int]) -> None:
    acknowledged = world.produce(records)
    for (topic, _, value, headers), kept, count in zip(records, acknowledged, good, strict=True):
        source: Source = "click" if topic == "clicks" else "api"
        if not count or headers:
            continue
        for line in value.split(b"\n"):
            link = _good_link(topic, line)
            if link:
                world.ledger.note(source, link, answered=kept)


def _good_link(topic: str, line: bytes) -> str:
    """The link of a line that must count, "" for any other."""
    try:
        event = json.loads(line)
    except ValueError:
        return ""
    if not isinstance(event, dict) or event.get("type") != _TYPES[topic] or event.get("v", 1) != 1:
        return ""
    age_ms = time.time() * 1000 - event["time_ms"]
    if not -_DAY_MS / 2 < age_ms < 90 * _DAY_MS:
        return ""
    return str(event.get("link", ""))
