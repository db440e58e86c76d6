from ipaddress import IPv6Address, ip_address, ip_network

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from redirector.serve.clients import Proxies, subscriber

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
        ("10.1.1.1", ["198.51.100.1, "], "198.51.100.1"),
        ("10.1.1.1", ["198.51.100.1,,  ,10.2.2.2"], "198.51.100.1"),
        ("10.1.1.1", ["198.51.100.1", "", " \t"], "198.51.100.1"),
        ("10.1.1.1", ["6.6.6.6,"], "6.6.6.6"),
        ("::ffff:203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("::FFFF:203.0.113.9", [], "203.0.113.9"),
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


addresses = st.ip_addresses().map(str) | st.ip_addresses(v=6).flatmap(
    lambda one: st.sampled_from([str(one).upper(), one.exploded, f"[{one}]:443", f"{one}%1", f"::{one.packed[0]}"])
)
mapped = st.ip_addresses(v=4).flatmap(
    lambda one: st.sampled_from(
        [f"::ffff:{one}", f"::{one}", f"64:ff9b::{one}", f"{one}:80", f"0{one}", f" {one}\t"]
    )
)


@given(st.one_of(addresses, mapped, st.text("0123456789abcdefF.:[]% \x00\ud800é", max_size=20)))
@example("1.2.3")
@example("010.1.1.1")
@example("10.1.1.1\x00")
@example("::ffff:a01:101")
@example("::102:304")
@example("fe80::1%eth0")
def test_an_address_is_what_the_standard_library_says_it_is(text: str) -> None:
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        address = ip_address(bare)
    except ValueError:
        assert PROXIES.client("10.1.1.1", [text]) == "10.1.1.1"
        assert not PROXIES.trusts(text)
        return
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    assert PROXIES.client("10.1.1.1", [text]) == str(address)
    assert PROXIES.client(text, []) == str(address)
    assert PROXIES.trusts(text) == (address in ip_network("10.0.0.0/8") or address in ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:203.0.113.9", "203.0.113.9", True),
        ("::ffff:203.0.113.9", "::ffff:203.0.113.10", False),
        ("203.0.113.9", "203.0.113.10", False),
        ("fe80::1%eth0", "fe80::2%eth0", False),
        ("", "203.0.113.9", False),
    ],
)
def test_a_subscriber_is_an_ipv4_address_or_a_64th_of_ipv6(one: str, other: str, same: bool) -> None:
    assert (subscriber(one) == subscriber(other)) == same
