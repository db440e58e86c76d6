"""A file of places as operators have them, for the addresses that the benches' clients come from."""

from pathlib import Path

from mmdb_writer import MMDBWriter
from netaddr import IPSet

COUNTRIES = ("DE", "GB", "FR", "US", "BR", "JP", "IN", "PL")


def write_places(path: Path) -> Path:
    """All of 81.0.0.0/8, cut into 4,096 networks of a country and region each."""
    writer = MMDBWriter(6, "Bench", ipv4_compatible=True)
    for number in range(4096):
        record = {
            "country": {"iso_code": COUNTRIES[number % len(COUNTRIES)]},
            "subdivisions": [{"iso_code": f"{number % 90 + 10}"}],
        }
        writer.insert_network(IPSet([f"81.{number >> 4}.{(number & 15) << 4}.0/20"]), record)
    writer.to_db_file(str(path))
    return path
