import logging
from pathlib import Path

import pytest

from redirector.serve import addresses as addresses_module
from redirector.serve.addresses import NO_FACTS, Addresses, AddressFilesError
from tests.unit.redirector.serve.mmdb import CITY, write_mmdb


@pytest.fixture
def office(tmp_path: Path) -> Path:
    path = tmp_path / "office.txt"
    path.write_text("192.0.2.0/26\n")
    return path


@pytest.fixture
def known(tmp_path: Path, office: Path) -> Addresses:
    return Addresses(places=write_mmdb(tmp_path / "city.mmdb", CITY), networks={"office": [office]})


def test_an_address_becomes_what_is_known_of_it_and_no_more(known: Addresses) -> None:
    assert known.facts("192.0.2.1") == {"country": "DE", "region": "BY", "network": "office"}
    assert known.facts("192.0.2.64") == {"country": "DE", "region": "BY"}
    assert known.facts("192.0.2.128") == {"country": "FR"}
    assert known.facts("2001:db8::1") == {"country": "US"}
    assert known.facts("203.0.113.1") == {}
    assert known.facts("no address") == {}


def test_without_files_nothing_is_known() -> None:
    assert Addresses().facts("192.0.2.1") is NO_FACTS


def test_a_class_may_have_several_files(tmp_path: Path, office: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text("198.51.100.0/24\n")
    known = Addresses(networks={"office": [office], "datacenter": [other, office]})
    assert known.facts("192.0.2.1") == {"network": "office"}
    assert known.facts("198.51.100.1") == {"network": "datacenter"}


def test_files_are_read_anew_when_they_change(known: Addresses, tmp_path: Path, office: Path) -> None:
    assert known.facts("203.0.113.1") == {}
    known.refresh()
    office.write_text("192.0.2.0/26\n203.0.113.0/24\n")
    write_mmdb(tmp_path / "city.mmdb", {"203.0.113.0/24": {"country_code": "IT"}})
    assert known.facts("203.0.113.1") == {}
    known.refresh()
    assert known.facts("203.0.113.1") == {"country": "IT", "network": "office"}
    assert known.facts("192.0.2.1") == {"network": "office"}


@pytest.mark.parametrize("content", ["192.0.2.0/26\nour office\n", None, "\udcff"])
def test_a_file_that_turned_bad_is_told_once_and_what_it_held_is_kept(
    content: str | None, known: Addresses, office: Path, caplog: pytest.LogCaptureFixture
) -> None:
    if content is None:
        office.unlink()
    else:
        office.write_text(content, errors="surrogateescape")
    with caplog.at_level(logging.ERROR):
        known.refresh()
        known.refresh()
    assert known.facts("192.0.2.1")["network"] == "office"
    (message,) = caplog.messages
    assert "office.txt" in message
    assert message.endswith("what it held before is kept")
    office.write_text("198.51.100.0/24\n")
    known.refresh()
    assert known.facts("198.51.100.1") == {"network": "office"}
    assert known.facts("192.0.2.1") == {"country": "DE", "region": "BY"}


def test_a_bad_file_at_the_start_is_named_with_its_lines(tmp_path: Path, office: Path) -> None:
    office.write_text("192.0.2.0/26\nour office\n")
    with pytest.raises(AddressFilesError, match=r"office\.txt holds lines that are no networks: line 2"):
        Addresses(networks={"office": [office]})
    with pytest.raises(AddressFilesError, match=r"gone\.mmdb cannot be read: No such file"):
        Addresses(places=tmp_path / "gone.mmdb")


def test_no_more_addresses_are_remembered_than_there_is_room_for(
    known: Addresses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses_module, "ADDRESSES_KEPT", 6)
    for number in (*range(9), 5, 8, 5):
        assert known.facts(f"192.0.2.{number}")["network"] == "office"
        assert len(known._known.kept) + len(known._known._before) <= 6
    assert {"192.0.2.5", "192.0.2.8"} <= known._known.kept.keys() | known._known._before.keys()


def test_addresses_with_the_same_facts_share_them(known: Addresses) -> None:
    assert known.facts("192.0.2.1") is known.facts("192.0.2.2")
