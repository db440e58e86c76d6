"""What a recount asks of ClickHouse."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any, cast

from clickhouse_connect.driver.asyncclient import AsyncClient

from stream.classify import Classifier
from stream.recount.run import Recount
from stream.repeats import RepeatLimits
from stream.rulebook import Rulebook
from tests.fakes import FakeSink

DAY = date(2026, 11, 1)


@dataclass
class Answer:
    result_rows: list[tuple[Any, ...]]


@dataclass
class Client:
    """One that has a person's click, which today's rules judge as a bot's."""

    settings: list[dict[str, Any]] = field(default_factory=list)

    async def query(self, query: str, parameters: dict[str, Any], settings: dict[str, Any]) -> Answer:
        assert parameters
        self.settings.append(settings)
        return Answer([("curl/8.5.0", "", "", 0, "human", "", 7, 1)] if "AS request" in query else [])


async def test_no_query_of_a_recount_has_a_limit_of_time() -> None:
    client = Client()
    rules = Rulebook(Classifier(), RepeatLimits())
    recount = Recount(cast("AsyncClient", client), FakeSink(), rules, lambda _line: None, dry=True)
    assert await recount.days(DAY, DAY, lambda: 0.0) == 0
    assert [settings["max_execution_time"] for settings in client.settings] == [0, 0, 0]
