"""MMDB files as operators have them, made for a test."""

from pathlib import Path
from typing import Any

from mmdb_writer import MMDBWriter
from netaddr import IPSet

CITY: dict[str, dict[str, Any]] = {
    "192.0.2.0/25": {"country": {"iso_code": "DE"}, "subdivisions": [{"iso_code": "BY"}, {"iso_code": "X"}]},
    "192.0.2.128/25": {"country": {"iso_code": "FR"}, "subdivisions": []},
    "2001:db8::/48": {"country": {"iso_code": "US"}, "subdivisions": [{"names": {"en": "Utah"}}]},
    "198.51.100.0/24": {"continent": {"code": "EU"}},
}


def write_mmdb(path: Path, records: dict[str, Any]) -> Path:
    """A file of networks and their records, put into place by renaming."""
    writer = MMDBWriter(6, "Test", ipv4_compatible=True)
    for network, record in records.items():
        writer.insert_network(IPSet([network]), record)
    draft = path.with_name(f"{path.name}.draft")
    writer.to_db_file(str(draft))
    draft.replace(path)
    return path
