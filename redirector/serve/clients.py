"""Which address a request came from, with proxies in between."""

import socket
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

Networks = Sequence[IPv4Network | IPv6Network]

_PEERS_KEPT: Final = 1024


class Proxies:
    """The networks whose word about the client is believed."""

    def __init__(self, trusted: Networks) -> None:
        self._trusted: Final = [
            (network.max_prefixlen // 8, int(network.netmask), int(network.network_address)) for network in trusted
        ]
        self._peer: Final = lru_cache(_PEERS_KEPT)(self._read_peer)

    def trusts(self, address: str) -> bool:
        """Whether `address` is one of ours."""
        return self._peer(address)[1]

    def client(self, peer: str, forwarded: Sequence[str]) -> str:
        """The nearest address that is not a trusted proxy's.

        `forwarded` are the values of all X-Forwarded-For headers in their order. They are walked from the
        right; what a stranger wrote to the left of the first untrusted address is never looked at. An entry
        that is no address ends the walk: the last believed address stands. Empty entries mean nothing
        (RFC 9110, 5.6.1). IPv4 in IPv6's clothes is IPv4.
        """
        nearest, trusted = self._peer(peer)
        if not trusted:
            return nearest
        if len(forwarded) == 1 and "," not in forwarded[0]:
            read = _read(forwarded[0])
            return nearest if read is None else read[0]
        for value in reversed(forwarded):
            more, comma = value, ","
            while comma:
                more, comma, entry = more.rpartition(",")
                if not entry or entry.isspace():
                    continue
                read = _read(entry)
                if read is None:
                    return nearest
                nearest, packed = read
                if not self._holds(packed):
                    return nearest
        return nearest

    def _read_peer(self, peer: str) -> tuple[str, bool]:
        """A peer's address as events would hold it, and whether it is trusted."""
        read = _read(peer)
        return (peer, False) if read is None else (read[0], self._holds(read[1]))

    def _holds(self, packed: bytes) -> bool:
        size, number = len(packed), int.from_bytes(packed, "big")
        for of_size, mask, network in self._trusted:  # noqa: SIM110 - a generator costs as much as all of this
            if of_size == size and number & mask == network:
                return True
        return False


def _read(text: str) -> tuple[str, bytes] | None:
    """An address with or without port, brackets and spaces, as `ipaddress` writes it, and its bytes.

    The C library reads and writes most of them in a tenth of the time. Its word is taken where what it writes is
    what it read; where there is more to an address, or nothing, `ipaddress` decides.
    """
    text = text.strip()
    is_v6 = ":" in text
    if not (is_v6 and "." in text):  # as an IPv4 address with its port, or in IPv6's clothes, has both
        family = socket.AF_INET6 if is_v6 else socket.AF_INET
        try:
            packed = socket.inet_pton(family, text)
            if socket.inet_ntop(family, packed) == text:
                return text, packed
        except (OSError, ValueError):
            pass
    address = _address(text)
    return None if address is None else (str(address), address.packed)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """An address with or without port and brackets; IPv4 in IPv6's clothes is IPv4."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


_MAPPED: Final = bytes(10) + b"\xff\xff"
_NETWORK_BYTES: Final = 8


def subscriber(address: str) -> str:
    """What of an address stands for one line: all of IPv4; of IPv6 the first 64 bits, the rest changes daily."""
    if ":" not in address:
        return address
    try:
        packed = socket.inet_pton(socket.AF_INET6, address)
    except OSError:
        return address
    if packed.startswith(_MAPPED):
        return socket.inet_ntop(socket.AF_INET, packed[len(_MAPPED) :])
    return socket.inet_ntop(socket.AF_INET6, packed[:_NETWORK_BYTES] + bytes(_NETWORK_BYTES))
