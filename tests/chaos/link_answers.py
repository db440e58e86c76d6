"""At the end the topic `links`, every console, the redirector and ClickHouse say the same of every changed link."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.topics import LINKS
from tests.chaos.change_sending import served_request
from tests.chaos.console_client import Request, ask
from tests.chaos.http import NoAnswerError
from tests.chaos.link_findings import LinkFindings, judge
from tests.chaos.link_ledger import CHANGED_DOMAIN, LinkLedger, Version, last_versions, versions
from tests.chaos.stack import Stack, wait_for

AGREE_WITHIN_S: Final = 60.0
_TIMEOUT_S: Final = 10.0
_AT_ONCE: Final = 20
_SHOWN: Final = 5
_OK: Final = 200
_NOT_FOUND: Final = 404
_IN_CLICKHOUSE: Final = f"""
    SELECT link, destination, title FROM links FINAL WHERE domain = '{CHANGED_DOMAIN}' AND NOT deleted
"""


Stated = dict[str, str]
"""What somebody says of links that there are: by link its destination and, where they say it, its title."""


def compare_links(stack: Stack, ledger: LinkLedger) -> LinkFindings:
    """What was told of changes against the topic's history, and what everybody says of links against its end."""
    try:
        wait_for(stack.consoles.are_ready, "the consoles are ready")
        wait_for(lambda: stack.call(_read_to_end(stack)), "the topic links is read to its end")
    except TimeoutError as error:
        findings = LinkFindings()
        findings.words.append(f"links: no rest: {error}")
        return findings
    history = versions(stack.link_reader.records.values())
    findings = judge(ledger.changes, history)
    last = last_versions(history)
    named = {link: f"{one.destination} {one.title}" for link, one in last.items() if one.title is not None}
    led = {link: one.destination for link, one in last.items() if one.title is not None}
    findings.words += stack.call(_disagreements(stack, last, named, led), 20 * AGREE_WITHIN_S)
    return findings


async def _disagreements(stack: Stack, last: Mapping[str, Version], named: Stated, led: Stated) -> list[str]:
    words = []
    for name, port in stack.consoles.ports.items():
        words += await _agrees(f"{name} lists", named, partial(_exported, port))
        deleted = {link: "" for link in last if link not in named}
        words += await _agrees(f"{name} lists as deleted", deleted, partial(_deleted, port, named))
    words += await _agrees("the redirector", led, partial(_served, stack.port, last))
    words += await _agrees("ClickHouse", named, partial(asyncio.to_thread, _in_clickhouse, stack))
    return words


async def _agrees(who: str, expected: Stated, ask_for: Callable[[], Awaitable[Stated]]) -> list[str]:
    """What is wrong with their words in the end; they may take a while to follow."""
    deadline = time.monotonic() + AGREE_WITHIN_S
    while True:
        try:
            stated = await ask_for()
        except (NoAnswerError, ValueError, KeyError, OSError) as error:
            words = [f"links: {who}: no answer, {error!r}"]
        else:
            words = disagreements(who, expected, stated)
        if not words or time.monotonic() > deadline:
            return words
        await asyncio.sleep(0.5)


def disagreements(who: str, expected: Mapping[str, str], stated: Mapping[str, str]) -> list[str]:
    """Which links are stated otherwise than expected, the first few by name."""
    differing = sorted(link for link in expected.keys() | stated.keys() if expected.get(link) != stated.get(link))
    if not differing:
        return []
    first = {link: (expected.get(link), stated.get(link)) for link in differing[:_SHOWN]}
    return [f"links: {who}: {len(differing)} of {len(expected)} links otherwise than the topic has them: {first}"]


async def _read_to_end(stack: Stack) -> bool:
    consumer = AIOKafkaConsumer(bootstrap_servers=stack.bootstrap, isolation_level="read_committed")
    await consumer.start()
    try:
        place = TopicPartition(LINKS, 0)
        end = int((await consumer.end_offsets([place]))[place])
    finally:
        await consumer.stop()
    return stack.link_reader.positions.get((LINKS, 0), 0) >= end


async def _exported(port: int) -> Stated:
    path = f"/v1/links/export?domain={CHANGED_DOMAIN}&archived=any"
    reply = await ask(port, Request("GET", path), timeout_s=_TIMEOUT_S)
    if reply.status != _OK or not reply.whole:
        raise NoAnswerError(f"{path}: {reply.status} {reply.body[:200]!r}")
    return {f"{row['domain']}/{row['slug']}": f"{row['destination']} {row['title']}" for row in reply.lines}


async def _deleted(port: int, there: Stated) -> Stated:
    """Links that are listed as deleted, but for those whose name another one has by now."""
    links: Stated = {}
    cursor: str | None = ""
    while cursor is not None:
        path = f"/v1/deleted-links?limit=1000&cursor={cursor}"
        reply = await ask(port, Request("GET", path), timeout_s=_TIMEOUT_S)
        if reply.status != _OK or not reply.whole:
            raise NoAnswerError(f"{path}: {reply.status} {reply.body[:200]!r}")
        keys = [one["link"]["link"] for one in reply.json["links"]]
        links |= {key: "" for key in keys if key not in there}
        cursor = reply.json["next"]
    return links


async def _served(port: int, links: Iterable[str]) -> Stated:
    """Where the redirector leads from each of these links that it knows."""
    waiting = sorted(links)
    led: Stated = {}
    for start in range(0, len(waiting), _AT_ONCE):
        part = waiting[start : start + _AT_ONCE]
        replies = await asyncio.gather(*(ask(port, served_request(link), timeout_s=_TIMEOUT_S) for link in part))
        for link, reply in zip(part, replies, strict=True):
            if not reply.whole:
                raise NoAnswerError(f"HEAD {link}")
            if reply.status != _NOT_FOUND:
                led[link] = reply.headers.get("location", f"status {reply.status}")
    return led


def _in_clickhouse(stack: Stack) -> Stated:
    return {str(link): f"{destination} {title}" for link, destination, title in stack.select(_IN_CLICKHOUSE)}
