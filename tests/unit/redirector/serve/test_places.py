from pathlib import Path
from typing import Any

import pytest

from redirector.serve.places import NOWHERE, Place, Places, PlacesError
from tests.unit.redirector.serve.mmdb import CITY, write_mmdb


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(write_mmdb(tmp_path / "city.mmdb", CITY))


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("192.0.2.0", Place("DE", "BY")),
        ("192.0.2.127", Place("DE", "BY")),
        ("192.0.2.128", Place("FR")),
        ("192.0.3.0", NOWHERE),
        ("198.51.100.7", NOWHERE),
        ("2001:db8::1", Place("US")),
        ("2001:db8:1::", NOWHERE),
        ("", NOWHERE),
        ("unix:", NOWHERE),
        ("192.0.2.0:80", NOWHERE),
    ],
)
def test_an_address_is_where_the_file_says(places: Places, address: str, place: Place) -> None:
    assert places.place_of(address) == place


@pytest.mark.parametrize(
    ("record", "place"),
    [
        ({"country_code": "DE"}, Place("DE")),
        ({"country": "DE", "region": "Bavaria"}, Place("DE")),
        ({"country": {"iso_code": "DE"}, "subdivisions": [{"iso_code": "BY"}]}, Place("DE", "BY")),
        ({"country": {"iso_code": "DE"}, "subdivisions": [{"iso_code": "toolong"}]}, Place("DE")),
        ({"country": {"names": {"en": "Germany"}}}, NOWHERE),
        ({"country": "Germany"}, NOWHERE),
        ({"country": ["DE"]}, NOWHERE),
        ({"country_code": ""}, NOWHERE),
        ({"subdivisions": [{"iso_code": "BY"}]}, NOWHERE),
        ({}, NOWHERE),
        ("DE", NOWHERE),
    ],
)
def test_records_of_several_publishers_are_understood_and_others_say_nothing(
    tmp_path: Path, record: Any, place: Place
) -> None:
    assert Places(write_mmdb(tmp_path / "a.mmdb", {"192.0.2.0/24": record})).place_of("192.0.2.1") == place


@pytest.mark.parametrize("content", [b"", b"garbage", b"\xab\xcd\xefMaxMind.com" + b"\xff" * 20])
def test_what_is_no_mmdb_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.mmdb"
    path.write_bytes(content)
    with pytest.raises(PlacesError, match=r"bad\.mmdb is no MMDB file"):
        Places(path)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"nowhere\.mmdb"):
        Places(tmp_path / "nowhere.mmdb")
