"""Where a visitor came from: source and medium, by the request's UTM, else by its referrer."""

import re
from importlib.resources import files
from typing import Final, NamedTuple

from stream.seen import Seen

UNKNOWN: Final = "unknown"
CACHE_MAX: Final = 20_000
_HOST: Final = re.compile(r"(?:https?|android-app|ios-app)://(?:[^/?#@]*@)?([^/?#:]+)", re.ASCII | re.IGNORECASE)
_COUNTRY: Final = re.compile(r"(?:com?\.)?[a-z]{2,3}", re.ASCII)
_MAX_LABELS: Final = 6


class Source(NamedTuple):
    """Who sent the visitor, and how.

    `medium`: search, social, video, chat, email, ai, referral, direct, unknown, or what utm_medium says.
    """

    source: str
    medium: str


DIRECT: Final = Source("", "direct")
_ASTRAY: Final = Source(UNKNOWN, UNKNOWN)


class Referrers:
    """Knows hosts by referrers.txt. A host stands for what is below it, unless that is listed itself."""

    def __init__(self, cache_max: int = CACHE_MAX) -> None:
        self._hosts, self._anywhere = _read()
        self._read: Final[Seen[tuple[str, str, str], Source]] = Seen(cache_max)

    def source(self, referrer: str, utm_source: str = "", utm_medium: str = "") -> Source:
        """Source and medium of a request; what the link's UTM says wins."""
        key = (referrer, utm_source, utm_medium)
        known = self._read.get(key)
        if known is None:
            by_referrer = self._of(referrer)
            known = Source(utm_source.lower() or by_referrer.source, utm_medium.lower() or by_referrer.medium)
            self._read.put(key, known)
        return known

    def _of(self, referrer: str) -> Source:
        if not referrer:
            return DIRECT
        host_match = _HOST.match(referrer)
        if host_match is None:
            return _ASTRAY
        host = host_match[1].lower().rstrip(".")
        labels = host.split(".")
        for first in range(max(0, len(labels) - _MAX_LABELS), len(labels)):
            known = self._hosts.get(".".join(labels[first:]))
            if known is None and _COUNTRY.fullmatch(".".join(labels[first + 1 :])):
                known = self._anywhere.get(labels[first])
            if known is not None:
                return known
        return Source(host.removeprefix("www."), "referral")


def _read() -> tuple[dict[str, Source], dict[str, Source]]:
    hosts: dict[str, Source] = {}
    anywhere: dict[str, Source] = {}
    medium = ""
    for line in files("stream.enrich").joinpath("referrers.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            medium = line.strip("[]")
        elif line and not line.startswith("#"):
            name, _, listed = line.partition(":")
            for host in listed.split():
                if host.endswith(".*"):
                    anywhere[host[:-2]] = Source(name, medium)
                else:
                    hosts[host] = Source(name, medium)
    return hosts, anywhere
