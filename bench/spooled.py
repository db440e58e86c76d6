"""Spools filled ahead of time, as `serve` leaves them."""

import time
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from bench.traffic import ZIPF_EXPONENT, link_key, visitors
from redirector.spool.writer import SpoolWriter
from schemas.events import Click

_TURN: Final = 50


def fill_spool(spool_dir: Path, events: int, *, links: int, seed: int = 5) -> int:
    """One closed spool of so many clicks, appended in handfuls like a busy `serve`; returns its bytes."""
    writer = SpoolWriter.open(spool_dir, segment_bytes=64 << 20, cap_bytes=1 << 40, fsync="never")
    draw = np.random.default_rng(seed)
    weights = 1.0 / np.arange(1, links + 1) ** ZIPF_EXPONENT
    ranks = draw.choice(links, events, p=weights / weights.sum()).tolist()
    people = visitors()
    who = draw.integers(0, len(people), events).tolist()
    numbers = draw.integers(1, 2**53, events).tolist()
    encoder = msgspec.json.Encoder()
    try:
        for start in range(0, events, _TURN):
            now_ms = time.time_ns() // 1_000_000
            turn = [
                Click(
                    time_ms=now_ms,
                    link=link_key(ranks[number]),
                    seq=writer.take_seq(),
                    visitor=numbers[number],
                    ua=people[who[number]][1],
                    referrer=people[who[number]][0],
                )
                for number in range(start, min(start + _TURN, events))
            ]
            writer.append(encoder.encode_lines(turn))
        return writer.used_bytes
    finally:
        writer.close()
