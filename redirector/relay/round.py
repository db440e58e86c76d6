"""A round: some lines of a spool, decoded as far as their way needs it and cut into batches. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import msgspec

from redirector.relay.partitions import partition_of
from redirector.spool.reader import Chunk
from schemas.batches import MAX_BATCH_BYTES, BatchHeaders
from schemas.dead_letters import DETAIL_MAX_CHARS, KEPT_BYTES
from schemas.errors import DeadLetterReason
from schemas.events import ClickRouting, Routing, SnapshotRouting
from schemas.topics import CLICKS, IMPRESSIONS

_DECODER: Final = msgspec.json.Decoder(Routing)
_BROKEN: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class TopicPartition(NamedTuple):
    """One partition of one topic."""

    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class Batch:
    """The value of one Kafka record and its identity; None when every line brings its own."""

    value: bytes
    events: int
    headers: BatchHeaders | None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A line that cannot be sent as an event, and the byte of its segment where it began.

    Of a line that is too large `line` is the beginning, and `cut_bytes` is what is missing.
    """

    reason: DeadLetterReason
    detail: str
    offset: int
    line: bytes
    cut_bytes: int = 0


@dataclass(slots=True)
class _Group:
    lines: list[bytes] = field(default_factory=list)
    seqs: list[int] = field(default_factory=list)
    """A line's seq in this spool; 0 for a line with an identity of its own."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How big a batch may get. A line longer than `batch_bytes` makes a batch of its own."""

    batch_events: int
    batch_bytes: int


@dataclass(frozen=True, slots=True)
class Round:
    """What to send, in this order within each partition; and what was seen: lines = events + dead letters."""

    batches: dict[TopicPartition, list[Batch]]
    dead_letters: list[DeadLetter]
    lines: int
    disorder: int
    """Lines whose seq is not above the one before."""
    last_seq: int


@dataclass(slots=True)
class Cutter:
    """Cuts the chunks of one spool: its pinned partition counts, and where each partition's last batch ended."""

    spool: str
    partitions: dict[str, int]
    prev: dict[str, dict[int, int]]
    limits: Limits
    last_seq: int = 0

    def cut(self, chunk: Chunk) -> Round:
        """The chunk as a round. `prev` and `last_seq` stay: `settle` moves them once the round is in Kafka."""
        if chunk.too_long:
            size_bytes = chunk.end.offset - chunk.start.offset - 1
            letter = _too_large(chunk.lines, size_bytes, chunk.start.offset)
            return Round({}, [letter], 1, 0, self.last_seq)
        lines, routes, dead_letters = _decode(chunk)
        total = len(lines) + len(dead_letters)
        clicks: dict[int, _Group] = {}
        impressions: dict[int, _Group] = {}
        click_partition = partition_of(self.partitions[CLICKS])
        impression_partition = partition_of(self.partitions[IMPRESSIONS])
        last_seq, disorder, foreign = self.last_seq, 0, False
        for line, route in zip(lines, routes, strict=True):
            if isinstance(route, ClickRouting):
                groups, partition = clicks, click_partition(route.link)
            else:
                key = route.key if isinstance(route, SnapshotRouting) else route.link
                groups, partition = impressions, impression_partition(key)
            group = groups.get(partition)
            if group is None:
                group = groups[partition] = _Group()
            seq = route.seq
            if route.spool:
                seq, foreign = 0, True
            elif seq > last_seq:
                last_seq = seq
            else:
                disorder += 1
            group.lines.append(line)
            group.seqs.append(seq)
        rising = not disorder and not foreign
        batches = {
            TopicPartition(topic, partition): self._cut_group(topic, partition, group, rising=rising)
            for topic, groups in ((CLICKS, clicks), (IMPRESSIONS, impressions))
            for partition, group in groups.items()
        }
        return Round(batches, dead_letters, total, disorder, last_seq)

    def settle(self, shipped: Round) -> None:
        """Take note that all of a round is in Kafka."""
        for (topic, partition), batches in shipped.batches.items():
            for batch in batches:
                if batch.headers is not None:
                    self.prev.setdefault(topic, {})[partition] = batch.headers.last
        self.last_seq = shipped.last_seq

    def _cut_group(self, topic: str, partition: int, group: _Group, *, rising: bool) -> list[Batch]:
        prev = self.prev.get(topic, {}).get(partition, 0)
        batches = []
        start = 0
        for end in self._ends(group.lines):
            lines, seqs = group.lines[start:end], group.seqs[start:end]
            start = end
            if not rising:
                seqs = _rising(seqs, prev)
            headers = None
            if seqs:
                headers = BatchHeaders(spool=self.spool, first=seqs[0], last=seqs[-1], prev=prev)
                prev = seqs[-1]
            lines.append(b"")
            batches.append(Batch(b"\n".join(lines), len(lines) - 1, headers))
        return batches

    def _ends(self, lines: list[bytes]) -> list[int]:
        """Where each batch ends, as indices into `lines`."""
        count = len(lines)
        limit = self.limits.batch_bytes
        if count <= self.limits.batch_events and sum(map(len, lines)) + count <= limit:
            return [count]
        ends = []
        events = size = 0
        for index, line in enumerate(lines):
            line_bytes = len(line) + 1
            if events and (events == self.limits.batch_events or size + line_bytes > limit):
                ends.append(index)
                events = size = 0
            events += 1
            size += line_bytes
        ends.append(count)
        return ends


def halves(batch: Batch) -> list[Batch]:
    """A batch cut in two, for a topic that finds it too large; the headers of each speak of its own lines alone."""
    lines = batch.value.split(b"\n")[:-1]
    middle = len(lines) // 2
    halved = []
    prev = 0 if batch.headers is None else batch.headers.prev
    for part in (lines[:middle], lines[middle:]):
        headers = None
        if batch.headers is not None:
            routes = _DECODER.decode_lines(b"\n".join(part))
            seqs = _rising([0 if route.spool else route.seq for route in routes], prev)
            if seqs:
                headers = BatchHeaders(spool=batch.headers.spool, first=seqs[0], last=seqs[-1], prev=prev)
                prev = seqs[-1]
        halved.append(Batch(b"".join(line + b"\n" for line in part), len(part), headers))
    return halved


def _rising(seqs: list[int], prev: int) -> list[int]:
    """What a batch's headers may speak of: a seq that does not rise would make the whole batch unreadable."""
    kept = []
    for seq in seqs:
        if seq > prev:
            kept.append(seq)
            prev = seq
    return kept


def _decode(chunk: Chunk) -> tuple[list[bytes], Sequence[Routing], list[DeadLetter]]:
    """The lines that are events with their routing, and the others. Both stay in order.

    `decode_lines` takes any JSON values, also two on a line or one over two; objects that begin and end with
    their lines are one a line.
    """
    lines = chunk.lines.split(b"\n")
    lines.pop()
    if chunk.lines.count(b"}\n{") + 1 != len(lines) or max(map(len, lines)) > MAX_BATCH_BYTES:
        return _decode_each(lines, chunk.start.offset)
    try:
        routes = _DECODER.decode_lines(chunk.lines)
    except _BROKEN:
        return _decode_each(lines, chunk.start.offset)
    if len(routes) != len(lines):
        return _decode_each(lines, chunk.start.offset)
    return lines, routes, []


def _decode_each(lines: list[bytes], offset: int) -> tuple[list[bytes], list[Routing], list[DeadLetter]]:
    good: list[bytes] = []
    routes: list[Routing] = []
    dead: list[DeadLetter] = []
    for line in lines:
        decoded = _decode_line(line, offset)
        offset += len(line) + 1
        if isinstance(decoded, DeadLetter):
            dead.append(decoded)
        else:
            good.append(line)
            routes.append(decoded)
    return good, routes, dead


def _decode_line(line: bytes, offset: int) -> Routing | DeadLetter:
    if len(line) > MAX_BATCH_BYTES:
        return _too_large(line, len(line), offset)
    try:
        route: Routing = _DECODER.decode(line)
    except msgspec.ValidationError as error:
        return DeadLetter("not_an_event", str(error)[:DETAIL_MAX_CHARS], offset, line)
    except _BROKEN as error:
        return DeadLetter("not_json", str(error)[:DETAIL_MAX_CHARS], offset, line)
    return route


def _too_large(head: bytes, size_bytes: int, offset: int) -> DeadLetter:
    """The letter of a line of so many bytes that begins with `head`; it must fit into a Kafka record itself."""
    return DeadLetter(
        reason="too_large",
        detail=f"{size_bytes} bytes, at most {MAX_BATCH_BYTES} are sent",
        offset=offset,
        line=head[:KEPT_BYTES],
        cut_bytes=size_bytes - len(head[:KEPT_BYTES]),
    )
