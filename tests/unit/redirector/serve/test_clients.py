from ipaddress import ip_network

import pytest

from redirector.serve.clients import Proxies

PROXIES = Proxies([ip_network("10.0.0.0/8"), ip_network("fd00::/8")])


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("10.1.1.1", [], "10.1.1.1"),
        ("10.1.1.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.1.1.1", ["6.6.6.6, 198.51.100.1"], "198.51.100.1"),
        ("10.1.1.1", ["6.6.6.6", "198.51.100.1, 10.2.2.2"], "198.51.100.1"),
        ("10.1.1.1", ["10.3.3.3, 10.2.2.2"], "10.3.3.3"),
        ("10.1.1.1", ["198.51.100.1, unknown, 10.2.2.2"], "10.2.2.2"),
        ("10.1.1.1", [" 198.51.100.1:5000 "], "198.51.100.1"),
        ("10.1.1.1", ["[2001:db8::1]:443"], "2001:db8::1"),
        ("10.1.1.1", ["2001:DB8:0::1"], "2001:db8::1"),
        ("::ffff:10.1.1.1", ["::ffff:198.51.100.1"], "198.51.100.1"),
        ("fd00::5", ["198.51.100.1"], "198.51.100.1"),
        ("10.1.1.1", [""], "10.1.1.1"),
        ("", ["198.51.100.1"], ""),
    ],
)
def test_the_client_is_the_nearest_address_that_is_no_proxy_of_ours(
    peer: str, forwarded: list[str], client: str
) -> None:
    assert PROXIES.client(peer, forwarded) == client


def test_without_trusted_proxies_nobody_is_believed() -> None:
    assert not Proxies([]).trusts("127.0.0.1")
    assert Proxies([]).client("127.0.0.1", ["198.51.100.1"]) == "127.0.0.1"
