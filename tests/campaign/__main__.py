"""`make replay-campaign SEED=1`: a fortnight of a campaign through a stack of its own. See docs/campaign.md."""

import argparse
import asyncio
import json
import logging
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from tests.campaign.cast import FULL, SHORT
from tests.campaign.play import Campaign, Played
from tests.campaign.stack import CampaignStack
from tests.campaign.tamper import falsify, leave

_SHOWN: Final = 20


def table(played: Played) -> Iterable[str]:
    """Channels, one a line, as they were counted."""
    channels: dict[str, list[int]] = {}
    channel_of = {post.link: post.channel for post in played.posts if post.link}
    for key, number in played.numbers.items():
        if key[0] in ("clicks", "impressions") and key[1] in channel_of:
            row = channels.setdefault(channel_of[key[1]], [0] * 5)
            if key[0] == "clicks":
                row[0 if key[2] == "human" else 1] += number
            elif key[4] == "platform":
                row[3 if key[2] == "revision" else 2] += number
            else:
                row[4] += number
    yield f"{'channel':<12}{'clicks':>10}{'others':>10}{'displays':>12}{'revisions':>12}{'opens':>8}{'CTR':>8}"
    for channel, (clicks, others, displays, revisions, opens) in sorted(channels.items()):
        ctr = f"{100 * clicks / (displays + revisions):.2f} %" if displays + revisions else ""
        yield f"{channel:<12}{clicks:>10,}{others:>10,}{displays:>12,}{revisions:>12,}{opens:>8,}{ctr:>8}"


def summary(played: Played, seed: int, seconds: float) -> str:
    """The last line."""
    numbers = played.numbers
    return json.dumps(
        {
            "seed": seed,
            "missing": played.difference.missing,
            "extra": played.difference.extra,
            "posts": len(played.posts),
            "sent": dict(sorted(played.sent.amounts.items())),
            "revisions": sum(number for key, number in numbers.items() if key[0] == "revisions"),
            "unmatched": sum(key[0] == "unmatched" for key in numbers),
            "kills": dict(sorted(played.kills.items())),
            "seconds": round(seconds, 1),
        }
    )


def tell(text: str) -> None:
    """Progress, at once."""
    print(text, flush=True)


def main() -> None:
    """Exit with 1 when a unit is missing or too many."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="decides everything random")
    parser.add_argument("--short", action="store_true", help="few posts, one kill")
    parser.add_argument("--keep", action="store_true", help="keep logs and data even when all is well")
    parser.add_argument("--tamper", action="store_true", help="falsify the tables before they are compared")
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    for talkative in ("aiokafka", "asyncio"):
        logging.getLogger(talkative).setLevel(logging.CRITICAL)
    began = time.monotonic()
    place = Path(tempfile.mkdtemp(prefix=f"clicktally-campaign-{chosen.seed}-"))
    keep = True
    stack = CampaignStack(place)
    try:
        tell("starting a stack of its own")
        stack.start()
        campaign = Campaign(
            stack,
            seed=chosen.seed,
            scale=SHORT if chosen.short else FULL,
            now_ms=time.time_ns() // 1_000_000,
            tell=tell,
            tamper=falsify if chosen.tamper else leave,
        )
        played = asyncio.run(campaign.play())
        keep = chosen.keep or not (played.difference.is_none or chosen.tamper)
    finally:
        stack.stop()
        if keep:
            tell(f"logs and data: {place}")
        else:
            shutil.rmtree(place, ignore_errors=True)
    for key, (expected, counted) in sorted(played.difference.wrong.items(), key=str)[:_SHOWN]:
        tell(f"wrong: {' '.join(map(str, key))}: {counted} where {expected} is right")
    for line in table(played):
        tell(line)
    tell(summary(played, chosen.seed, time.monotonic() - began))
    sys.exit(0 if played.difference.is_none else 1)


if __name__ == "__main__":
    main()
