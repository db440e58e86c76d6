"""Faults of disks: a full one under the spool, and a ClickHouse that goes back to an older state."""

import shutil
from typing import Final

from tests.chaos.stack import wait_for
from tests.chaos.world import World

_CAP: Final = "CLICKTALLY_SERVE_CAP_BYTES"
_PIECE: Final = bytes(1 << 16)


def fill_disk(world: World) -> None:
    """Leave no byte free where the spools lie, for a while."""
    filler = world.stack.spool_dir / ".filler"
    try:
        with filler.open("wb", buffering=0) as file:
            try:
                while file.write(_PIECE):
                    pass
            except OSError:
                pass  # full, as wanted
        world.sleep(2.0, 5.0)
    finally:
        filler.unlink()


def lower_cap(world: World) -> None:
    """Run the serve processes with a cap that no event fits under, for a while."""
    units = world.stack.supervisor.of_kind("serve")
    for unit in units:
        unit.env[_CAP] = "1"
        unit.restart()
    world.sleep(2.0, 4.0)
    for unit in units:
        del unit.env[_CAP]
        unit.restart()


def back_up(world: World) -> None:
    """Stop ClickHouse, copy its directory, start it again."""
    unit = world.stack.supervisor.units["clickhouse"]
    unit.hold()
    copy = world.stack.place / f"backup-{world.round}"
    shutil.copytree(world.stack.place / "clickhouse", copy, symlinks=True)
    world.backups.append(copy)
    unit.start()
    wait_for(world.stack.clickhouse_is_up, "ClickHouse")


def restore(world: World) -> None:
    """Put an older state of ClickHouse in the place of its own: of an earlier round, or some seconds old.

    As the runbook says the stream workers are down meanwhile; in half of the cases nobody read it.
    """
    if not world.backups:
        back_up(world)
        world.sleep(3.0, 5.0)
    backup = world.rng.choice(world.backups)
    by_the_book = world.rng.random() < 0.5
    workers = world.stack.supervisor.of_kind("stream") if by_the_book else []
    for worker in workers:
        worker.hold()
    unit = world.stack.supervisor.units["clickhouse"]
    unit.hold()
    directory = world.stack.place / "clickhouse"
    shutil.rmtree(directory)
    shutil.copytree(backup, directory, symlinks=True)
    unit.start()
    wait_for(world.stack.clickhouse_is_up, "ClickHouse")
    for worker in workers:
        worker.start()
