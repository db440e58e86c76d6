"""How often an address showed a wrong token lately; as much memory as was set, whoever tries."""

from collections import OrderedDict
from ipaddress import IPv6Address, ip_address
from typing import Final

WINDOW_MS: Final = 60_000
_V6_PREFIX_BYTES: Final = 8  # a /64: what one customer gets


class FailedTries:
    """At most `allowed` a minute for each IPv4 address and each IPv6 /64, of the `kept` that failed last."""

    def __init__(self, *, allowed: int, kept: int) -> None:
        self._allowed: Final = allowed
        self._kept: Final = kept
        self._tries: OrderedDict[bytes, tuple[int, int]] = OrderedDict()
        """When an address first failed in its minute, and how often since; the latest beginners last."""

    def note(self, address: str, now_ms: int) -> int:
        """Count one more failure; the seconds to wait when it is one too many, else 0."""
        source = source_of(address)
        since_ms, failures = self._tries.get(source, (now_ms, 0))
        if not 0 <= now_ms - since_ms < WINDOW_MS:
            del self._tries[source]
            since_ms, failures = now_ms, 0
        if source not in self._tries and len(self._tries) >= self._kept:
            self._tries.popitem(last=False)
        self._tries[source] = (since_ms, min(failures, self._allowed) + 1)
        if failures < self._allowed:
            return 0
        return -(-(since_ms + WINDOW_MS - now_ms) // 1000)

    def __len__(self) -> int:
        return len(self._tries)


def source_of(address: str) -> bytes:
    """What tells one client from another: an IPv4 address, an IPv6 /64; all that is no address is one."""
    try:
        read = ip_address(address.partition("%")[0])
    except ValueError:
        return b""
    if isinstance(read, IPv6Address):
        return read.packed[:_V6_PREFIX_BYTES] if read.ipv4_mapped is None else read.ipv4_mapped.packed
    return read.packed
