"""Which address a request came from, with proxies in between."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

Networks = Sequence[IPv4Network | IPv6Network]


class Proxies:
    """The networks whose word about the client is believed."""

    def __init__(self, trusted: Networks) -> None:
        self._trusted: Final = tuple(trusted)

    def trusts(self, address: str) -> bool:
        """Whether `address` is one of ours."""
        return bool(self._trusted) and self._holds(_address(address))

    def client(self, peer: str, forwarded: Sequence[str]) -> str:
        """The nearest address that is not a trusted proxy's.

        `forwarded` are the values of all X-Forwarded-For headers in their order. They are walked from the
        right; what a stranger wrote to the left of the first untrusted address is never looked at. An entry
        that is no address ends the walk: the last believed address stands.
        """
        nearest = _address(peer)
        if not self._holds(nearest):
            return peer
        for entry in reversed([part for value in forwarded for part in value.split(",")]):
            address = _address(entry)
            if address is None:
                break
            nearest = address
            if not self._holds(address):
                break
        return str(nearest)

    def _holds(self, address: IPv4Address | IPv6Address | None) -> bool:
        return address is not None and any(address in network for network in self._trusted)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """An address with or without port, brackets and spaces; IPv4 in IPv6's clothes is IPv4."""
    text = text.strip()
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
