"""`python -m redirector.serve.network_lists < published > list.txt`: a list of networks of what others publish.

Whatever the form (Amazon's, Google's, Microsoft's, Oracle's JSON, a text of networks): each text in it that is a
network is one, and so is a single address, as monitors publish theirs. Networks that lie side by side or in each
other are put together.
"""

import re
import sys
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import Any, Final

import msgspec

from redirector.serve.networks import AnyNetwork

_ADDRESS: Final = (
    r"(?:(?:[0-9]{1,3}\.){3}[0-9]{1,3}|[0-9a-fA-F]*:[0-9a-fA-F:]+(?:[0-9]{0,3}\.[0-9.]+)?)(?:/[0-9]{1,3})?"
)
_IN_TEXT: Final = re.compile(rf"(?:\bip[46]:|(?<![\w.:/-]))({_ADDRESS})(?![\w:/-]|\.\w)")
"""Alone, or behind ip4: or ip6: as in SPF records; not in the middle of a name or a longer number."""
_WHOLE: Final = re.compile(_ADDRESS)


def networks_of(content: str) -> list[AnyNetwork]:
    """All networks of a text, JSON or not, joined; the IPv4 ones first."""
    found: list[AnyNetwork] = []
    for text in _texts(content):
        try:
            found.append(ip_network(text, strict=False))
        except ValueError:
            continue  # not every text with a slash or a colon is one
    v4 = [one for one in found if isinstance(one, IPv4Network)]
    v6 = [one for one in found if isinstance(one, IPv6Network)]
    return [*collapse_addresses(v4), *collapse_addresses(v6)]


def _texts(content: str) -> Iterator[str]:
    try:
        document = msgspec.json.decode(content)
    except msgspec.DecodeError:
        yield from _IN_TEXT.findall(content)
        return
    waiting: list[Any] = [document]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            if _WHOLE.fullmatch(one.strip()):
                yield one.strip()
        elif isinstance(one, dict):
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)


def main() -> None:
    """Read, write; without any network nothing is written, so that no good list is replaced by an empty one."""
    networks = networks_of(sys.stdin.read())
    if not networks:
        sys.exit("network_lists: there is no network in the input: look whether the address still answers")
    sys.stdout.write("".join(f"{network}\n" for network in networks))


if __name__ == "__main__":
    main()
