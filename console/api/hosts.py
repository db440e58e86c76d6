"""Hosts: which names can be a link's domain, and which lead into somebody's own network."""

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

_HOST_NAME: Final = re.compile(r"(?=.{1,253}\Z)(?!-)[a-z0-9-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9-]{1,63}(?<!-))*\Z")
_INTERNAL_NAMES: Final = frozenset({"localhost", "localdomain", "broadcasthost"})
_INTERNAL_ENDS: Final = (
    *(".localhost", ".local", ".localdomain", ".internal", ".intranet", ".private", ".corp", ".home", ".lan"),
    ".home.arpa",
)
"""Names of nobody on the public Internet: RFC 6761, 6762, 8375, ICANN's .internal, and what home routers use."""
_TRANSLATED: Final = (b"\x00\x64\xff\x9b" + bytes(8), bytes(12))
"""How 96-bit prefixes wrap an IPv4 address into IPv6: NAT64 (RFC 6052) and the old compatible form."""
_V4_BYTES: Final = 4
_KEPT: Final = 4096
"""Many links of one account share few hosts."""


@lru_cache(_KEPT)
def is_host_name(host: str) -> bool:
    """Whether a host in the form of `schemas.links.read_domain` can be a link's domain: a name of DNS."""
    return _HOST_NAME.match(host) is not None


@lru_cache(_KEPT)
def is_internal(host: str) -> bool:
    """Whether a host, as a URL's parser writes it, is on the inside: an address, or a name by its ending."""
    name = host.strip("[]").rstrip(".").lower()
    try:
        address = ip_address(name.partition("%")[0])
    except ValueError:
        return name in _INTERNAL_NAMES or name.endswith(_INTERNAL_ENDS)
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address.packed[:-_V4_BYTES] in _TRANSLATED and int(address) > 1:
            inner = IPv4Address(address.packed[-_V4_BYTES:])
        if inner is not None:
            address = inner
    return not address.is_global or address.is_multicast
