"""`clicktally forget`: what an event keeps of a person is emptied; the event stays, and every count.

Rows of `events` keep their link, time, traffic class and what many people have in common (device, system,
browser, medium, country, language). What remains joins no two events of one person; counters, breakdowns and the
audit stay as they are.
"""

from dataclasses import dataclass
from typing import Any, Final

from clickhouse_connect.driver.asyncclient import AsyncClient

from schemas.clickhouse.client import Server, clickhouse_errors, connect, select

EMPTIED: Final = {
    "visitor": "0",
    "ua": "''",
    "referrer": "''",
    "referrer_host": "''",
    "region": "''",
    "click_id": "''",
    "utm_source": "''",
    "utm_medium": "''",
    "utm_campaign": "''",
    "utm_term": "''",
    "utm_content": "''",
}
"""Columns of `events` and what they hold of somebody who was forgotten."""
_LEFT: Final = " OR ".join(f"{column} != {empty}" for column, empty in EMPTIED.items())
_QUERY_TIMEOUT_S: Final = 3600


class NobodyError(Exception):
    """Nothing is kept of whom was asked for; the message says where they might be yet."""


@dataclass(frozen=True, slots=True)
class Whom:
    """Whose events: all of a link, or all of a visitor, who may be named by one of their clicks."""

    link: str = ""
    visitor: int = 0
    click_id: str = ""


async def forget(server: Server, whom: Whom) -> int:
    """Empty what is kept of them; returns of how many events. Safe to repeat.

    Raises NobodyError, ClickHouseError, TransientClickHouseError.
    """
    client = await connect(server, send_receive_timeout_s=_QUERY_TIMEOUT_S, settings={"max_execution_time": 0})
    try:
        condition, given = await _condition(client, whom)
        ((events,),) = await select(client, f"SELECT count() FROM events FINAL WHERE {condition}", given)  # noqa: S608 - of ours
        if not events:
            raise NobodyError(
                "no such event is in the table `events`. What was clicked within the last minutes may be on its"
                " way: try again; what is older than CLICKTALLY_CONSOLE_EVENTS_DAYS is gone"
            )
        emptied = ", ".join(f"{column} = {empty}" for column, empty in EMPTIED.items())
        with clickhouse_errors():
            await client.command(
                f"ALTER TABLE events UPDATE {emptied} WHERE {condition}",
                parameters=given,
                settings={"mutations_sync": 2},
            )
        return int(events)
    finally:
        await client.close()


async def _condition(client: AsyncClient, whom: Whom) -> tuple[str, dict[str, Any]]:
    if whom.link:
        return f"link = {{link:String}} AND ({_LEFT})", {"link": whom.link}
    if whom.visitor:
        return "visitor = {visitor:UInt64}", {"visitor": whom.visitor}
    by_click = {"click_id": whom.click_id}
    visitors = await select(
        client, "SELECT visitor FROM events WHERE click_id = {click_id:String} LIMIT 1", by_click
    )
    if visitors and visitors[0][0]:
        return "visitor = {visitor:UInt64}", {"visitor": int(visitors[0][0])}
    return "click_id = {click_id:String}", by_click
