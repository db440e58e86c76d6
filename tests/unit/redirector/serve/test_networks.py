import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redirector.serve.networks import (
    BAD_LINES_NAMED,
    ORDER,
    NetworkClasses,
    NetworkListError,
    read_networks,
)
from schemas.events import NETWORKS, Network


def packed(address: str) -> bytes:
    return ipaddress.ip_address(address).packed


def list_of(*lines: str) -> NetworkClasses:
    return NetworkClasses({"office": read_networks(lines)})


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("192.0.1.255", False),
        ("192.0.2.0", True),
        ("192.0.2.255", True),
        ("192.0.3.0", True),
        ("192.0.4.0", False),
        ("203.0.113.7", True),
        ("203.0.113.8", False),
        ("2001:db8::", True),
        ("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", True),
        ("2001:db9::", False),
        ("::192.0.2.1", False),
    ],
)
def test_an_address_is_inside_from_the_first_to_the_last(address: str, inside: bool) -> None:
    networks = list_of("192.0.2.0/24", "192.0.3.0/24", "192.0.2.128/25", "203.0.113.7", "2001:db8::/32")
    assert bool(networks.class_of(packed(address))) is inside


def test_nothing_is_inside_an_empty_list_and_what_is_no_address_nowhere() -> None:
    assert NetworkClasses({}).class_of(packed("192.0.2.1")) == ""
    assert list_of("0.0.0.0/0", "::/0").class_of(b"") == ""
    everything = list_of("0.0.0.0/0")
    assert [everything.class_of(packed(one)) for one in ("0.0.0.0", "255.255.255.255")] == ["office"] * 2


networks = st.builds(
    lambda address, bits: ipaddress.ip_network((address, bits), strict=False),
    st.ip_addresses(v=4),
    st.integers(8, 32),
)


@given(st.dictionaries(st.sampled_from(ORDER), st.lists(networks, max_size=20)), st.ip_addresses(v=4))
def test_an_address_is_of_the_first_class_of_which_any_network_holds_it(
    lists: dict[Network, list[ipaddress.IPv4Network]], address: ipaddress.IPv4Address
) -> None:
    classes = NetworkClasses(lists)
    every = [network for networks in lists.values() for network in networks]
    edges = [one.network_address for one in every] + [one.broadcast_address for one in every]
    for one in [address, *edges, *(edge + 1 for edge in edges if int(edge) < 2**32 - 1)]:
        wanted = next((name for name in ORDER if any(one in network for network in lists.get(name, []))), "")
        assert classes.class_of(one.packed) == wanted


def test_comments_and_blank_lines_are_nothing() -> None:
    text = ["# our office\n", "\n", " 192.0.2.0/24 # second floor\n"]
    assert read_networks(text) == (ipaddress.ip_network("192.0.2.0/24"),)


def test_every_bad_line_is_counted_and_the_first_are_named() -> None:
    with pytest.raises(NetworkListError, match=r"line 2: 'x' .*; line 3: .*has host bits set"):
        read_networks(["192.0.2.0/24", "x", "192.0.2.1/24"])
    with pytest.raises(NetworkListError, match=r"and 3 more"):
        read_networks(["x"] * (BAD_LINES_NAMED + 3))


def test_the_operator_s_own_office_goes_before_what_it_rents() -> None:
    classes = NetworkClasses(
        {"datacenter": read_networks(["192.0.2.0/24"]), "office": read_networks(["192.0.2.128/26"])}
    )
    network_classes = [classes.class_of(packed(f"192.0.2.{last}")) for last in (0, 127, 128, 191, 192, 255)]
    assert network_classes == ["datacenter", "datacenter", "office", "office", "datacenter", "datacenter"]
    assert classes.class_of(packed("192.0.3.0")) == ""


def test_every_class_of_networks_has_its_rank() -> None:
    assert sorted([*ORDER, ""]) == sorted(NETWORKS)
