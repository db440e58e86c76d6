"""An audit from beginning to end: look, and where something seems wrong look again before saying so."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Self

from console.audit.chain import Chain, Place, check_chains
from console.audit.counted import check_counted, name_links, where_of
from console.audit.findings import Check, Finding, Report, confirmed, worst
from console.audit.log import Log, Waiting, check_dead_letters, check_log, lag_records, waiting
from console.audit.log_reader import LogReader
from console.audit.rolled_days import BREAKDOWNS, LINK_DAYS, RolledTable, check_rolled, read_days
from console.audit.spools import check_spools, look_at_spools
from console.audit.tables import Rolled, Tables, links_that_differ, read_chains, read_tables, utc
from console.roll_up import end_of_minutes_s
from console.settings import ConsoleSettings
from schemas.clickhouse.client import Server, UrlError, connect
from schemas.clickhouse.migrate import MigrationError, migrate
from schemas.errors import ClickHouseError, TransientError

SETTLE_S: Final = 3.0

_QUERY_TIMEOUT_S: Final = 300.0
_ERRORS: Final = (TransientError, ClickHouseError, MigrationError, UrlError)


@dataclass(frozen=True, slots=True)
class Scope:
    """What to audit. `since_s` is a time since 1970; `spool_dir` None leaves the spools out."""

    since_s: int
    spool_dir: Path | None = None
    deep: bool = False
    settle_s: float = SETTLE_S


class Look:
    """One look at everything. `before` is what waited in Kafka at an earlier look: did those heads move?"""

    def __init__(self, settings: ConsoleSettings, scope: Scope, before: Waiting | None, *, now_s: float) -> None:
        self.findings: list[Finding] = []
        self.chains: dict[Place, Chain] = {}
        self.tables = Tables()
        self.log = Log()
        self._settings = settings
        self._scope = scope
        self._before = before
        self._now_s = now_s

    async def take(self) -> Self:
        """Look: first where the log begins, then the tables, then where the log ends."""
        server = self._settings.clickhouse
        await self._try("migrations", lambda: self._check_migrations(server))
        reader = LogReader(self._settings.kafka)
        async with AsyncExitStack() as stack:

            async def read_before() -> None:
                await stack.enter_async_context(reader)
                self.log = await reader.read_before()

            async def read_chains_first() -> None:
                client = await connect(server, send_receive_timeout_s=_QUERY_TIMEOUT_S)
                stack.push_async_callback(client.close)
                self.chains = await read_chains(client, since_s=self._scope.since_s)
                self.findings.extend(check_chains(self.chains, since_s=self._scope.since_s))
                self.tables = await read_tables(
                    client, since_s=self._scope.since_s, chains=self.chains, rolled=self._rolled()
                )
                self.findings.extend(check_counted(self.tables))

            async def read_rolled(table: RolledTable) -> None:
                client = await connect(server, send_receive_timeout_s=_QUERY_TIMEOUT_S)
                stack.push_async_callback(client.close)
                self.findings.extend(check_rolled(table, await read_days(client, table), now_s=self._now_s))

            has_log = await self._try("log", read_before)
            has_tables = await self._try("counters", read_chains_first)
            for table in (BREAKDOWNS, LINK_DAYS):
                await self._try(table.check, partial(read_rolled, table))
            if has_log and has_tables:
                await self._try("log", lambda: self._check_kafka(reader))
        if self._scope.spool_dir is not None:
            self._check_disk(self._scope.spool_dir)
        return self

    @property
    def seems_well(self) -> bool:
        """Whether no second look is needed. One is where something is wrong, or lags: does it move meanwhile?"""
        return worst(self.findings) == "ok" and not lag_records(self.log, self.chains)

    def _rolled(self) -> Rolled:
        days, minutes = self._settings.minutes_days, self._settings.rolled_minutes
        return Rolled(end_of_minutes_s(self._now_s, minutes_days=days), minutes)

    async def _check_migrations(self, server: Server) -> None:
        try:
            todo = [migration.name for migration in await migrate(server, dry_run=True)]
        except MigrationError as error:
            todo = [str(error)]
        self.findings.append(
            Finding(
                severity="broken",
                check="migrations",
                name="pending",
                where="ClickHouse",
                what=", ".join(todo),
                advice="run `clicktally migrate`; when it refuses, do what it says",
                runbook="migrations-pending.md",
            )
            if todo
            else Finding(
                severity="ok",
                check="migrations",
                name="up_to_date",
                where="ClickHouse",
                what="tables are up to date",
            )
        )

    async def _check_kafka(self, reader: LogReader) -> None:
        log, since_s = self.log, self._scope.since_s
        await reader.read_after(log, self.chains, since_s=since_s)
        self.findings.extend(check_log(log, self.chains, self._before))
        comparable = since_s >= self._now_s - log.keeps_dead_letters_s
        self.findings.extend(check_dead_letters(log, self.chains, comparable=comparable))

    def _check_disk(self, spool_dir: Path) -> None:
        try:
            self.findings.extend(check_spools(look_at_spools(spool_dir), now_s=self._now_s))
        except OSError as error:
            self.findings.append(_unchecked("spools", str(spool_dir), error))

    async def _try(self, check: Check, part: Callable[[], Awaitable[None]]) -> bool:
        try:
            await part()
        except _ERRORS as error:
            self.findings.append(_unchecked(check, "Kafka" if check == "log" else "ClickHouse", error))
            return False
        return True


async def audit(settings: ConsoleSettings, scope: Scope, *, now: Callable[[], float] = time.time) -> Report:
    """Audit an installation. What cannot be reached becomes a finding `unchecked`, never an error.

    A finding is reported when two looks, `settle_s` apart, both have it: a stream that runs moves the numbers.
    """
    started_s = now()
    look = await Look(settings, scope, None, now_s=started_s).take()
    findings = look.findings
    if not look.seems_well:
        await asyncio.sleep(scope.settle_s)
        first, look = look, await Look(settings, scope, waiting(look.log, look.chains), now_s=now()).take()
        # Only a second look can see a stall, as it compares with the first.
        stalls = [finding for finding in look.findings if finding.name == "stalled"]
        findings = confirmed([*first.findings, *stalls], look.findings)
    if scope.deep:
        findings = await _name_links(settings, look.tables, findings)
    return Report(status=worst(findings), checked_at=utc(started_s), since=utc(scope.since_s), findings=findings)


def _unchecked(check: Check, where: str, error: Exception) -> Finding:
    return Finding(
        severity="unchecked",
        check=check,
        name="unreachable",
        where=where,
        what=str(error),
        advice="put that right, then audit again: nothing is known about this part",
        runbook="unreachable.md",
    )


async def _name_links(settings: ConsoleSettings, tables: Tables, findings: list[Finding]) -> list[Finding]:
    cells = {where_of(cell): cell for cell in {*tables.counted, *tables.events}}
    named = {one.where for one in findings if one.check == "counters" and one.where in cells}
    if not named:
        return findings
    try:
        client = await connect(settings.clickhouse, send_receive_timeout_s=_QUERY_TIMEOUT_S)
        try:
            return [
                name_links(one, await links_that_differ(client, cells[one.where]))
                if one.check == "counters" and one.where in named
                else one
                for one in findings
            ]
        finally:
            await client.close()
    except _ERRORS as error:
        return [*findings, _unchecked("counters", "ClickHouse", error)]
