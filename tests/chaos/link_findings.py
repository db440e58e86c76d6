"""Compare the changes of links that clients were told of with the whole history of the topic `links`."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.chaos.link_ledger import LinkChange, Version

_WRITTEN_BY_TITLE = {"make", "patch", "line"}


class Step(NamedTuple):
    """A version, and the one of the same link before it; None where there was no link."""

    version: Version
    before: Version | None


@dataclass
class LinkFindings:
    """`lost`: changes that were acknowledged and are not there. `doubled`: written twice, or though refused, or
    by nobody, or over a state that they had not seen. `words` say which link.
    """

    lost: int = 0
    doubled: int = 0
    versions: int = 0
    words: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether every promise held."""
        return not (self.words or self.lost or self.doubled)

    def lose(self, words: str) -> None:
        """A change is missing."""
        self.lost += 1
        self.words.append(f"links: {words}")

    def double(self, words: str) -> None:
        """A change is there that should not be, or not so."""
        self.doubled += 1
        self.words.append(f"links: {words}")


@dataclass
class History:
    """The topic's versions by what they are. A restored link has the title and the time of its making as before."""

    by_title: dict[str, list[Step]] = field(default_factory=lambda: defaultdict(list))
    deletions: dict[str, list[Step]] = field(default_factory=lambda: defaultdict(list))
    restorations: dict[str, list[Step]] = field(default_factory=lambda: defaultdict(list))


def judge(changes: Sequence[LinkChange], history: Sequence[Version]) -> LinkFindings:
    """Every acknowledged change is in the history, none twice, none that was refused, each on what it was for."""
    findings = LinkFindings(versions=len(history))
    told = _told_apart(history, findings)
    titles = {one.title for one in changes if one.kind in _WRITTEN_BY_TITLE}
    for title in told.by_title.keys() - titles:
        findings.double(f"{told.by_title[title][0].version.link}: {title!r} was asked for by nobody")
    for change in changes:
        if change.kind in _WRITTEN_BY_TITLE:
            _judge_title(change, told.by_title.get(change.title, []), findings)
    by_link: dict[str, list[LinkChange]] = defaultdict(list)
    for change in changes:
        by_link[change.link].append(change)
    for link in by_link.keys() | told.deletions.keys() | told.restorations.keys():
        _judge_count(link, "delete", by_link[link], told.deletions[link], findings)
        _judge_count(link, "restore", by_link[link], told.restorations[link], findings)
        _judge_drops(by_link[link], told, findings)
    _judge_order(changes, told, findings)
    return findings


def _told_apart(history: Iterable[Version], findings: LinkFindings) -> History:
    told = History()
    now: dict[str, Version] = {}
    deleted: dict[str, Version] = {}
    for version in history:
        link = version.link
        before = now.pop(link, None)
        if version.title is None:
            if before is None:
                findings.double(f"{link}: offset {version.offset} deletes it where there is none")
            else:
                deleted[link] = before
                told.deletions[link].append(Step(version, before))
            continue
        now[link] = version
        earlier = before or deleted.get(link)
        if earlier is not None and version.updated_ms <= earlier.updated_ms:
            findings.double(
                f"{link}: offset {version.offset} is of {version.updated_ms}, not later than"
                f" {earlier.updated_ms} at offset {earlier.offset}"
            )
        again = earlier is not None and (earlier.title, earlier.created_ms) == (version.title, version.created_ms)
        if before is None and again:
            told.restorations[link].append(Step(version, earlier))
        else:
            told.by_title[version.title].append(Step(version, before))
    return told


def _judge_title(change: LinkChange, steps: list[Step], findings: LinkFindings) -> None:
    name = f"{change.link or 'a made-up slug'}: {change.kind} {change.title!r}"
    offsets = [step.version.offset for step in steps]
    if change.fate == "made" and not steps:
        findings.lose(f"{name} was acknowledged and is not in the topic")
    if change.fate == "refused" and steps:
        findings.double(f"{name} was refused and is written at offsets {offsets}")
    if len(steps) > 1 + change.repeats:
        findings.double(f"{name} is written {len(steps)} times, at offsets {offsets}")
    for version, before in steps:
        if change.link and version.link != change.link:
            findings.double(f"{name} is written to {version.link}, at offset {version.offset}")
        if (version.destination, version.archived) != (change.destination, change.archived):
            findings.lose(f"{name} is at offset {version.offset} with other values: {version}")
        if change.kind == "make" and before is not None:
            findings.double(f"{name} is written over {before.title!r}, at offset {version.offset}")
        if change.kind == "patch" and before is None:
            findings.double(f"{name} is written where there is no link, at offset {version.offset}")
        if change.before is not None and before is not None and before.title != change.before:
            findings.double(
                f"{name} was for the state {change.before!r} and is written over {before.title!r}, at offset"
                f" {version.offset}"
            )


def _judge_count(
    link: str, kind: str, changes: list[LinkChange], steps: list[Step], findings: LinkFindings
) -> None:
    """Deletions and restorations have no title: as many as were acknowledged, on what they were for."""
    of_kind = [one for one in changes if one.kind == kind]
    made = [one for one in of_kind if one.fate == "made"]
    perhaps = sum(one.fate == "unknown" for one in of_kind)
    if kind == "delete":
        perhaps += sum(1 + one.repeats for one in changes if one.kind == "drop" and one.fate != "refused")
    if len(steps) < len(made):
        findings.lose(f"{link}: {kind} was acknowledged {len(made)} times and is in the topic {len(steps)} times")
    if len(steps) > len(made) + perhaps:
        findings.double(
            f"{link}: {kind} was acknowledged {len(made)} times, unknown {perhaps} times, and is in the topic"
            f" {len(steps)} times"
        )
    over = [step.before.title for step in steps if step.before is not None]
    for one in made:
        if one.before is not None and one.before not in over:
            findings.double(f"{link}: {kind} {one.title!r} was for {one.before!r}, which was never the one before")


def _judge_drops(of_link: Sequence[LinkChange], told: History, findings: LinkFindings) -> None:
    """A line that deletes, acknowledged: after what was answered before it, there was no link for a moment."""
    for drop in of_link:
        if drop.kind != "drop" or drop.fate != "made":
            continue
        earlier = [
            told.by_title[one.title][0].version.offset
            for one in of_link
            if one.kind == "line" and 0 < one.answered_s < drop.sent_s and one.title in told.by_title
        ]
        if earlier and not any(step.version.offset > max(earlier) for step in told.deletions[drop.link]):
            findings.lose(f"{drop.link}: a bulk deleted it, {drop.title!r}, and it stayed as it was")


def _judge_order(changes: Sequence[LinkChange], told: History, findings: LinkFindings) -> None:
    """What was acknowledged before another change was sent is before it in the topic, of whichever link."""
    placed = [
        (change, steps[0].version.offset)
        for change in changes
        if change.fate == "made" and len(steps := told.by_title.get(change.title, [])) == 1
    ]
    answered = sorted(placed, key=lambda one: one[0].answered_s)
    highest, highest_title, next_answered = -1, "", 0
    for change, offset in sorted(placed, key=lambda one: one[0].sent_s):
        while answered[next_answered][0].answered_s < change.sent_s:
            if answered[next_answered][1] > highest:
                highest, highest_title = answered[next_answered][1], answered[next_answered][0].title
            next_answered += 1
        if offset < highest:
            findings.double(
                f"{change.link}: {change.title!r} at offset {offset} was sent after {highest_title!r} at {highest}"
                " was acknowledged"
            )
