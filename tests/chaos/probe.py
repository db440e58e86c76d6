"""How soon after a fault a click and an impression of every partition are visible where a BI tool looks."""

import time
from typing import Final

from aiokafka.partitioner import murmur2

from tests.chaos.abuse import DOMAIN
from tests.chaos.client import Connection
from tests.chaos.console_client import Request, ask
from tests.chaos.ledger import Ledger, Source
from tests.chaos.stack import PARTITIONS, Stack

RECOVERED_WITHIN_S: Final = 120.0
_STATUS: Final[dict[Source, int]] = {"click": 302, "pixel": 200}


def slugs(number: int) -> list[str]:
    """One slug for each partition, of a round's own."""
    slug_of: dict[int, str] = {}
    candidate = 0
    while len(slug_of) < PARTITIONS:
        slug = f"probe{number}-{candidate}"
        candidate += 1
        slug_of.setdefault((murmur2(f"{DOMAIN}/{slug}".encode()) & 0x7FFFFFFF) % PARTITIONS, slug)
    return [slug_of[partition] for partition in sorted(slug_of)]


def recovery_s(stack: Stack, ledger: Ledger, number: int, within_s: float = RECOVERED_WITHIN_S) -> float:
    """Seconds until visits made now are visible in ctr_1m; `within_s` when they are not by then."""
    wanted = slugs(number)
    began = time.monotonic()
    open_visits: set[tuple[Source, str]] = {(source, slug) for source in _STATUS for slug in wanted}
    while time.monotonic() - began < within_s:
        for source, slug in sorted(open_visits):
            if stack.call(_visit(stack.port, ledger, source, slug)):
                open_visits.discard((source, slug))
        if not open_visits and stack.links_in_ctr_1m([f"{DOMAIN}/{slug}" for slug in wanted]) == len(wanted):
            return time.monotonic() - began
        time.sleep(0.1)
    return within_s


async def _visit(port: int, ledger: Ledger, source: Source, slug: str) -> bool:
    """Whether the visit was answered and counted; the ledger has it in any case, unless the link is unknown yet."""
    connection = Connection(port, timeout_s=1.0)
    answer = await connection.get(DOMAIN, f"/{slug}" if source == "click" else f"/i/{slug}.gif")
    await connection.close()
    if answer is not None and answer.status != _STATUS[source]:
        return False
    kept = answer is not None and answer.counted
    ledger.note(source, f"{DOMAIN}/{slug}", answered=answer is not None, counted=kept)
    return kept


def changes_recovery_s(stack: Stack) -> float:
    """Seconds until every console takes changes again; RECOVERED_WITHIN_S when one does not. Nothing is written."""
    began = time.monotonic()
    request = Request("PATCH", f"/v1/links/{DOMAIN}/l0", b"{}")
    waiting = dict(stack.consoles.ports)
    while waiting and time.monotonic() - began < RECOVERED_WITHIN_S:
        for name, port in list(waiting.items()):
            if stack.call(ask(port, request, timeout_s=3.0)).made:
                del waiting[name]
        time.sleep(0.1)
    return RECOVERED_WITHIN_S if waiting else time.monotonic() - began
