"""HTTP load by wrk: random links, real user agents; at full speed, or with clients that pause between clicks.

wrk is no open-loop client. At a given rate it plays some hundred independent clients, each waiting a random time
before its next click; latencies longer than a client's usual interval are corrected for what they held up.
"""

import random
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import msgspec

from bench.machine import LOAD_CORE, on_core, require
from bench.request_heads import cdn_head
from bench.stack import BenchError
from bench.traffic import DOMAIN, link_key, visitors, zipf_ranks
from deploy.local.processes import REPOSITORY, spawn
from schemas.links import Link

Way = Literal["direct", "proxy", "CDN"]
"""How requests come."""
_SCRIPT: Final = REPOSITORY / "bench" / "random_links.lua"
_REQUESTS: Final = 50_000


class Load(msgspec.Struct, frozen=True):
    """What wrk saw. `errors` are refused, cut, timed-out and 4xx or 5xx answers."""

    requests: int
    duration_us: int
    p50_us: int
    p99_us: int
    errors: int

    @property
    def per_s(self) -> float:
        """Answers a second."""
        return self.requests / self.duration_us * 1e6


@dataclass
class Running:
    """A load under way."""

    process: "subprocess.Popen[bytes]"
    log: Path
    seconds: float

    def finish(self) -> Load:
        """Wait for its end. Raises BenchError when wrk failed or anything was not answered."""
        self.process.wait(self.seconds + 60)
        lines = self.log.read_bytes().splitlines()
        if self.process.returncode != 0 or not lines:
            raise BenchError(f"wrk failed: {lines[-5:]}")
        load = msgspec.json.decode(lines[-1], type=Load)
        if load.errors:
            raise BenchError(f"{load.errors} of {load.requests} requests were not answered well")
        return load


def wrk(
    place: Path,
    port: int,
    *,
    links: int,
    connections: int,
    seconds: float,
    think_ms: float = 0.0,
    way: Way = "direct",
    core: int | None = LOAD_CORE,
    requests: int = _REQUESTS,
    skewed: bool = False,
) -> Running:
    """Start a load; `think_ms` is a client's mean pause between an answer and its next click.

    Behind a proxy each request comes with the headers that one adds, for another client each time; behind a CDN
    with what those add, client hints and cookies, which differ in each of 50,000 heads. Otherwise `requests` are
    drawn beforehand, and sent in random order: any link as often as any other or, `skewed`, by Zipf's law.
    """
    place.mkdir(parents=True, exist_ok=True)
    log = place / "wrk.log"
    log.unlink(missing_ok=True)
    command = [require("wrk"), "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "10s"]
    command += ["-s", str(_SCRIPT), f"http://127.0.0.1:{port}/"]
    env = {
        "REQUESTS": str(_request_file(place, links, requests, skewed=skewed)),
        "THINK_MS": f"{think_ms:.2f}",
        "PROXIED": str(int(way == "proxy")),
        "HEADS": str(_cdn_heads(place, links)) if way == "CDN" else "",
    }
    return Running(spawn(on_core(core, command), env=env, log=log), log, seconds)


def get_links(number: int) -> dict[str, bytes]:
    """So many links, as the link cache holds them."""
    links = {}
    for rank in range(number):
        slug = link_key(rank).partition("/")[2]
        link = Link(
            domain=DOMAIN,
            slug=slug,
            destination=f"https://shop.example/products/{slug}?utm_source=newsletter&utm_campaign=autumn",
            campaign="autumn",
            post=f"post-{rank % 997}",
            channel="email",
        )
        links[link.key] = msgspec.json.encode(link)
    return links


def _cdn_heads(place: Path, links: int) -> Path:
    path = place / f"cdn-heads-{links}"
    if not path.exists():
        draw = random.Random(5)
        path.write_bytes(b"".join(cdn_head(draw, links) for _ in range(_REQUESTS)))
    return path


def _request_file(place: Path, links: int, requests: int, *, skewed: bool) -> Path:
    path = place / f"requests-{links}-{requests}{'-skewed' if skewed else ''}.tsv"
    if not path.exists():
        draw = random.Random(3)
        people = visitors()
        lines = []
        for rank in zipf_ranks(links, requests) if skewed else (draw.randrange(links) for _ in range(requests)):
            referrer, ua = draw.choice(people)
            lines.append(f"/{link_key(rank).partition('/')[2]}\t{referrer}\t{ua}\n")
        path.write_text("".join(lines))
    return path
