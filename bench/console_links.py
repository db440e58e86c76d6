"""A large account's links, as the topic, the API and bulk take them; every link of an account of ten million."""

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaProducer

from bench.traffic import DOMAIN, link_key
from schemas.links import Link
from schemas.tokens import Token
from schemas.topics import TOKENS

CAMPAIGNS: Final = 2_000
_POSTS: Final = 20_000
_CHANNELS: Final = ("email", "instagram", "linkedin", "push", "sms", "youtube", "print")
_THINGS: Final = ("boots", "jacket", "lamp", "kettle", "tent", "scarf", "clock", "bicycle", "violin", "ladder")
_COLOURS: Final = ("amber", "black", "crimson", "denim", "emerald", "ivory", "olive", "teal")
_SAY_EVERY: Final = 1_000_000


def fields_of(rank: int) -> dict[str, Any]:
    """What the API is told of the link of a rank, but for its name."""
    thing, colour = _THINGS[rank % len(_THINGS)], _COLOURS[rank // 7 % len(_COLOURS)]
    post = rank % _POSTS
    return {
        "destination": f"https://shop.example/{thing}/{colour}-{rank}?utm_source=newsletter&utm_campaign=autumn",
        "title": f"{colour.capitalize()} {thing} number {rank}",
        "campaign": f"campaign-{post % CAMPAIGNS}",
        "post": f"post-{post}",
        "channel": _CHANNELS[post % len(_CHANNELS)],
        "tags": [thing, colour],
    }


def link_of_rank(rank: int, *, at_ms: int = 1_700_000_000_000) -> Link:
    """The same as the topic holds it."""
    slug = link_key(rank).partition("/")[2]
    fields = fields_of(rank) | {"tags": tuple(fields_of(rank)["tags"])}
    return Link(domain=DOMAIN, slug=slug, created_at_ms=at_ms, updated_at_ms=at_ms, **fields)


def lines(start: int, end: int) -> Iterator[bytes]:
    """Lines of a file, or of bulk, that make the links of these ranks."""
    encode = msgspec.json.Encoder().encode
    for rank in range(start, end):
        slug = link_key(rank).partition("/")[2]
        yield encode({"domain": DOMAIN, "slug": slug, **fields_of(rank)}) + b"\n"


def own_lines(name: str, count: int) -> Iterator[bytes]:
    """Lines of bulk that make links of which there are none yet, `name` being of this run alone."""
    encode = msgspec.json.Encoder().encode
    for rank in range(count):
        yield encode({"domain": DOMAIN, "slug": f"{name}-{rank}", **fields_of(rank)}) + b"\n"


def write_file(path: Path, links: int, say: Callable[[str], None]) -> None:
    """The links of the first ranks as NDJSON."""
    began = time.monotonic()
    with path.open("wb") as file:
        for start in range(0, links, _SAY_EVERY):
            file.writelines(lines(start, min(links, start + _SAY_EVERY)))
            say(f"{min(links, start + _SAY_EVERY):,} lines in the file after {time.monotonic() - began:.0f} s")


def publish_token(bootstrap: str, token: Token) -> None:
    """Let the bearer of this token in."""
    asyncio.run(_publish_token(bootstrap, token))


async def _publish_token(bootstrap: str, token: Token) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
    await producer.start()
    try:
        await producer.send_and_wait(TOKENS, msgspec.json.encode(token), key=token.key.encode())
    finally:
        await producer.stop()
