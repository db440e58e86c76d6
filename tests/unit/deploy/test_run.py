"""What `make run` tells people."""

from console.settings import ConsoleSettings
from deploy.local.run import console_exports
from deploy.local.settings import LocalSettings
from deploy.local.stack.settings import RunSettings, Stack


def stack(**variables: str) -> Stack:
    return Stack(LocalSettings.load(variables), RunSettings.load(variables))


def test_on_its_usual_ports_clicktally_finds_the_stack_by_itself() -> None:
    assert console_exports(stack()) == []


def test_on_other_ports_the_variables_that_clicktally_needs_are_shown() -> None:
    other = stack(CLICKTALLY_LOCAL_KAFKA_PORT="19092", CLICKTALLY_LOCAL_CLICKHOUSE_PORT="18123")
    _, *lines = console_exports(other)
    told = dict(line.removeprefix("export ").split("=", 1) for line in lines)
    assert ConsoleSettings.load(told).bootstrap_servers.endswith(":19092")
    assert ":18123/" in told["CLICKTALLY_CONSOLE_CLICKHOUSE_URL"]
