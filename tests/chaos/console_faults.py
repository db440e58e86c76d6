"""Faults of the consoles: of the one that writes above all, and of what lies between them."""

import signal
import time
from collections.abc import Callable
from typing import Final

from tests.chaos.proxy import Mode
from tests.chaos.supervisor import Unit
from tests.chaos.world import World

SESSION_TIMEOUT_S: Final = 6.0
"""After so long a silence another console is elected."""


def kill_writer(world: World) -> None:
    """The console that writes dies, and is back before another one is elected, or afterwards."""
    unit = _writer(world)
    unit.hold(signal.SIGKILL)
    world.sleep(0.1, SESSION_TIMEOUT_S + 3)
    unit.start()


def stop_writer(world: World) -> None:
    """It falls silent for so long that another one is elected, and wakes up in the belief that it writes."""
    unit = _writer(world)
    unit.send(signal.SIGSTOP)
    world.sleep(SESSION_TIMEOUT_S + 1, SESSION_TIMEOUT_S + 3)
    unit.send(signal.SIGCONT)


def isolate(world: World) -> None:
    """A console is cut off from Kafka and not from the other one, until it is put out of the group."""
    world.stack.call(world.stack.kafka_proxy.set_mode("cut"))
    world.sleep(SESSION_TIMEOUT_S + 1, SESSION_TIMEOUT_S + 4)
    world.stack.call(world.stack.kafka_proxy.set_mode("pass"))


def between(mode: Mode) -> Callable[[World], None]:
    """The consoles reach each other no more, late, or hear no answers, while both reach Kafka."""

    def inject(world: World) -> None:
        delay_s = world.rng.uniform(0.05, 0.6)
        for proxy in world.stack.consoles.proxies.values():
            world.stack.call(proxy.set_mode(mode, delay_s))
        world.sleep(2.0, 6.0)
        for proxy in world.stack.consoles.proxies.values():
            world.stack.call(proxy.set_mode("pass"))

    return inject


def _writer(world: World) -> Unit:
    """The console that writes; any, where none says so for a while."""
    units = world.stack.supervisor.of_kind("console")
    deadline = time.monotonic() + SESSION_TIMEOUT_S
    while time.monotonic() < deadline:
        for unit in units:
            if world.stack.metric(unit.name, "clicktally_api_writer"):
                return unit
        time.sleep(0.1)
    return world.rng.choice(units)
