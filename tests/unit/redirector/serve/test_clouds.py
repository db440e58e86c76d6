"""Networks of clouds are data centers', as far as anybody rents machines there."""

import gzip
from ipaddress import ip_network
from pathlib import Path

import msgspec
import pytest

from redirector.serve.addresses import Addresses
from redirector.serve.clouds import CloudsError, cloud_networks, networks_in

DATA = {
    "version": "2026-10-26",
    "build_time": 1,
    "providers": ["aws", "cloudflare", "digitalocean"],
    "ranges": [
        {"cidr": "192.0.2.0/24", "p": 0, "r": "us-east-1", "s": "EC2"},
        {"cidr": "192.0.2.0/24", "p": 0, "r": "us-east-1", "s": "EC2"},
        {"cidr": "198.51.100.0/24", "p": 0, "s": "AMAZON"},
        {"cidr": "203.0.113.0/24", "p": 1},
        {"cidr": "2001:db8::/32", "p": 2},
    ],
}


def packed(data: object) -> bytes:
    return gzip.compress(msgspec.msgpack.encode(data), mtime=0)


def test_what_is_rented_is_taken_once_and_what_people_browse_through_is_not() -> None:
    assert networks_in(packed(DATA)) == (ip_network("192.0.2.0/24"), ip_network("2001:db8::/32"))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no gzip",
        packed(DATA)[:-9],
        packed(DATA)[:10] + b"\xff" * 40,
        packed([]),
        packed(DATA | {"ranges": [{"cidr": "192.0.2.0", "p": -1}]}),
        packed(DATA | {"ranges": [{"cidr": "192.0.2.1/24", "p": 0, "s": "EC2"}]}),
    ],
)
def test_data_in_another_form_is_told(content: bytes) -> None:
    with pytest.raises(CloudsError, match="install the version"):
        networks_in(content)


def test_the_package_of_the_lock_has_all_clouds() -> None:
    networks = cloud_networks()
    assert 5_000 < len(networks) < 100_000
    assert {network.version for network in networks} == {4, 6}


def test_an_operators_list_goes_before_and_beside_them(tmp_path: Path) -> None:
    (one, *_) = (network for network in cloud_networks() if network.version == 4)
    office = tmp_path / "office.txt"
    office.write_text(f"{one.network_address}\n")
    known = Addresses(networks={"office": [office]}, clouds=True)
    assert known.facts(str(one.network_address)) == {"network": "office"}
    assert known.facts(str(one.broadcast_address)) == {"network": "datacenter"}
    assert known.facts("192.0.2.1") == {}
    office.write_text("192.0.2.1\n")
    known.refresh()
    assert known.facts("192.0.2.1") == {"network": "office"}
    assert known.facts(str(one.network_address)) == {"network": "datacenter"}
    assert Addresses(clouds=True).facts(str(one.network_address)) == {"network": "datacenter"}
    assert Addresses().facts(str(one.network_address)) == {}
