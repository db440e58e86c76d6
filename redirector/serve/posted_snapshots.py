"""From what a platform's answer holds to the snapshots that are kept: each with its link, or without, or refused.

Pure but for the links of the host, which are given as a function.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from redirector.serve.access import Caller
from schemas.event_times import DoorTimes
from schemas.link_names import read_link_name, shown
from schemas.links import Link, LinkError
from schemas.matching import link_of
from schemas.platforms.reading import Complaint, ItemError, Reading
from schemas.posts import post_keys
from schemas.snapshots import Snapshot

_SECOND_MS: Final = 1000

FindLink = Callable[[str], Link | None]
"""The link named `domain/slug`. It raises NewerLinkError."""


class Unmatched(msgspec.Struct, frozen=True):
    """A snapshot that is kept, and counts once somebody says which link its post carries."""

    place: str
    post: str


class PostedSnapshots(NamedTuple):
    """The snapshots of one body; those of `unmatched` are among the accepted.

    `rejected` are the parts that are none, and behind them the `refused` ones: snapshots that are not taken now.
    """

    accepted: list[Snapshot]
    unmatched: list[Unmatched]
    rejected: list[Complaint]
    refused: int


class StatedLinks:
    """What the sender says of posts: links by the posts' ids or addresses, and the link of all others.

    Raises LinkError for what is no link's name.
    """

    def __init__(self, platform: str, links: Mapping[str, str], default: str = "") -> None:
        self._default: Final = read_link_name(default) if default else ""
        self._links: Final[dict[str, str]] = {}
        self._names: Final[dict[str, str]] = {}
        for name, link in links.items():
            for key in post_keys(platform, [name])[:1]:
                self._links[key] = read_link_name(link)
                self._names[key] = name
        self._used: Final[set[str]] = set()

    def link_of(self, keys: Sequence[str]) -> str:
        """The link of a post with one of these keys; "" when nothing was said."""
        for key in keys:
            if key in self._links:
                self._used.add(key)
                return self._links[key]
        return self._default

    def unused(self) -> list[str]:
        """The names that no post had."""
        return [name for key, name in self._names.items() if key not in self._used]


class PostedFacts(NamedTuple):
    """What of the request goes into its snapshots. `spool` is the derived id of an Idempotency-Key, or empty."""

    caller: Caller
    times: DoorTimes
    now_ms: int
    stated: StatedLinks
    spool: str = ""


class _HostLinks:
    """The host's links. Which post a link names as its own is known behind the log, where all links are."""

    def __init__(self, find: FindLink) -> None:
        self._find: Final = find

    def has(self, key: str) -> bool:
        return self._find(key) is not None

    def of_post(self, _keys: Sequence[str]) -> str:
        return ""


def take_snapshots(reading: Reading, find: FindLink, facts: PostedFacts) -> PostedSnapshots:
    """Give each snapshot its link, or refuse it. With an idempotency key, seq is the position, from 1."""
    accepted: list[Snapshot] = []
    unmatched: list[Unmatched] = []
    refused: list[Complaint] = []
    links = _HostLinks(find)
    for index, (place, snapshot) in enumerate(reading.placed):
        try:
            link = _link(snapshot, links, find, facts)
            _check_times(snapshot, facts)
        except (ItemError, LinkError) as error:
            refused.append(Complaint(place, str(error)))
            continue
        if not link:
            unmatched.append(Unmatched(_text(place), snapshot.post))
        accepted.append(
            msgspec.structs.replace(snapshot, link=link, spool=facts.spool, seq=index + 1 if facts.spool else 0)
        )
    idle = [
        Complaint(f"links[{name!r:.100}]", "no post in the payload has this id") for name in facts.stated.unused()
    ]
    rejected = [_as_text(one) for one in (*reading.complaints, *idle, *refused)]
    return PostedSnapshots(accepted, unmatched, rejected, len(refused))


def _link(snapshot: Snapshot, links: _HostLinks, find: FindLink, facts: PostedFacts) -> str:
    key = snapshot.link or link_of(snapshot, links, facts.stated)
    if not key:
        return ""
    link = find(key)
    if link is None:
        raise LinkError(f"there is no link {shown(key)}: import it first, or correct the name")
    if not facts.caller.speaks_for(link.account):
        raise LinkError(f"link {link.key} belongs to another account than the token: use a token of its account")
    return key


def _check_times(snapshot: Snapshot, facts: PostedFacts) -> None:
    """A period has begun, may be going on, and did not end too long ago. It is counted by whole seconds."""
    times, now_ms = facts.times, facts.now_ms
    if reason := times.why_not(snapshot.observed_ms, now_ms):
        raise ItemError(f"observed_at: {reason}")
    if snapshot.is_lifetime:
        return
    if reason := times.why_not(min(snapshot.end_ms, now_ms), now_ms):
        raise ItemError(f"its period's end: {reason}")
    if reason := times.why_not(max(snapshot.start_ms, now_ms), now_ms):
        raise ItemError(f"its period's begin: {reason}")
    if snapshot.start_ms % _SECOND_MS:
        raise ItemError(f"its period begins at {snapshot.start_ms} ms: give a whole second")


def _as_text(complaint: Complaint) -> Complaint:
    return Complaint(_text(complaint.place), _text(complaint.error))


def _text(text: str) -> str:
    """What a client sent may stand in it, and need not be text."""
    return text.encode("utf-8", "backslashreplace").decode()
