"""`python -m stream.verdicts`: which class requests would get by the rules that are installed, for who asks.

A line of JSON each way. The console asks it, which is no part of the stream: so there is one set of rules, and its
settings (CLICKTALLY_STREAM_*) are the workers'. It ends when nothing more can come.
"""

import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final

import msgspec

from schemas.events import Network, TrafficClass
from schemas.settings import settings_or_exit
from stream.classify import Classifier, Request
from stream.rulebook import rulebook_of
from stream.settings import StreamSettings


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A click's request: user agent, the header that announces a prefetch, the class of its network."""

    ua: str = ""
    purpose: str = ""
    network: Network = ""


class Judged(msgspec.Struct, frozen=True):
    """Class and reason of a click alone, and by which rules; what other clicks say of it comes after."""

    traffic_class: TrafficClass
    reason: str
    rules: int


_decode: Final = msgspec.json.Decoder(Asked).decode
_encode: Final = msgspec.json.Encoder().encode


def verdicts(lines: Iterable[bytes], classifier: Classifier) -> Iterator[bytes]:
    """A line for each line. Raises msgspec.DecodeError for one that asks nothing."""
    for line in lines:
        asked = _decode(line)
        verdict = classifier.verdict(Request(asked.ua, asked.purpose, asked.network))
        yield _encode(Judged(verdict.traffic_class, verdict.reason, classifier.number)) + b"\n"


def main() -> None:
    """Answer until the input ends."""
    classifier = rulebook_of(settings_or_exit(StreamSettings, check=False)).classifier
    with suppress(KeyboardInterrupt):  # a terminal's goes to the console's children, too
        for answer in verdicts(sys.stdin.buffer, classifier):
            sys.stdout.buffer.write(answer)
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
