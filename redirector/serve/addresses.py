"""What an event keeps of an address instead of the address: country, region, class of network."""

import logging
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Generic, TypedDict, TypeVar, cast

from redirector.serve.clouds import CloudsError, cloud_networks
from redirector.serve.networks import AnyNetwork, NetworkClasses, NetworkListError, read_networks
from redirector.serve.places import NOWHERE, Places, PlacesError
from schemas.events import Network

ADDRESSES_KEPT: Final = 1024
"""Addresses whose facts are remembered, about 0.2 kB each. They never leave the process's memory."""

T = TypeVar("T")
_log: Final = logging.getLogger(__name__)


class AddressFacts(TypedDict, total=False):
    """Fields of an event by their names; what is not known of an address is not there."""

    country: str
    region: str
    network: str


NO_FACTS: Final[AddressFacts] = {}


class AddressFilesError(ValueError):
    """A file of places or networks that cannot be read; the message says which, why and what to do."""


class _KeptFile(Generic[T]):
    """What a file holds, read anew whenever it was changed; what cannot be read leaves what was there before."""

    def __init__(self, path: Path, read: Callable[[Path], T]) -> None:
        self._path: Final = path
        self._read: Final = read
        self._signature = _signature(path)
        self.content = self._load()

    def refresh(self) -> bool:
        """Look at the file; whether there is something new in it. A complaint is logged once a change."""
        signature = _signature(self._path)
        if signature == self._signature:
            return False
        self._signature = signature
        try:
            self.content = self._load()
        except AddressFilesError as error:
            _log.error("%s; what it held before is kept", error)
            return False
        return True

    def _load(self) -> T:
        try:
            return self._read(self._path)
        except OSError as error:
            raise AddressFilesError(f"{self._path} cannot be read: {error.strerror or error}") from error
        except UnicodeDecodeError as error:
            raise AddressFilesError(f"{self._path} is not UTF-8: write one network a line") from error
        except NetworkListError as error:
            raise AddressFilesError(f"{self._path} holds lines that are no networks: {error}") from error
        except PlacesError as error:
            raise AddressFilesError(str(error)) from error


def _signature(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


class _Known:
    """The facts of addresses by one state of the files, with those that were asked for of late."""

    def __init__(self, places: Places | None, classes: NetworkClasses | None) -> None:
        self._places: Final = places
        self._classes: Final = classes
        self.kept: dict[str, AddressFacts] = {}
        self._before: dict[str, AddressFacts] = {}
        self._same: Final[dict[tuple[str, str, str], AddressFacts]] = {("", "", ""): NO_FACTS}

    def look_up(self, address: str) -> AddressFacts:
        """For an address that is not in `kept`, where it is afterwards."""
        facts = self._before.get(address)
        if facts is None:
            facts = self._read(address)
        if len(self.kept) >= ADDRESSES_KEPT // 2:
            self._before, self.kept = self.kept, {}
        self.kept[address] = facts
        return facts

    def _read(self, address: str) -> AddressFacts:
        place = NOWHERE if self._places is None else self._places.place_of(address)
        network = "" if self._classes is None else self._classes.class_of(_packed(address))
        facts = self._same.get((*place, network))
        if facts is None:
            named = {"country": place.country, "region": place.region, "network": network}
            facts = cast(AddressFacts, {name: value for name, value in named.items() if value})
            self._same[(*place, network)] = facts
        return facts


class Addresses:
    """The facts of addresses. `places` is an MMDB file, `networks` are files of networks by their class.

    `clouds`: the networks of clouds are data centers', beside what the files say.
    """

    def __init__(
        self,
        *,
        places: Path | None = None,
        networks: Mapping[Network, Sequence[Path]] | None = None,
        clouds: bool = False,
    ) -> None:
        """Raises AddressFilesError."""
        try:
            self._clouds: Final = cloud_networks() if clouds else ()
        except CloudsError as error:
            raise AddressFilesError(str(error)) from error
        self._places: Final = None if places is None else _KeptFile(places, Places)
        self._lists: Final = [
            (name, _KeptFile(path, _read_networks)) for name, paths in (networks or {}).items() for path in paths
        ]
        self._knows_any: Final = self._places is not None or bool(self._lists) or clouds
        self._known = self._join()

    def facts(self, address: str) -> AddressFacts:
        """What is known of an address as `Proxies.client` gives it. Not to be changed: others get the same."""
        if not self._knows_any:
            return NO_FACTS
        known = self._known
        kept = known.kept.get(address)
        return known.look_up(address) if kept is None else kept

    def refresh(self) -> None:
        """Read anew what was changed on disk. Takes as long as the files are; may run in another thread."""
        changed = [one.refresh() for one in (self._places, *(held for _, held in self._lists)) if one is not None]
        if any(changed):
            self._known = self._join()

    def _join(self) -> _Known:
        networks: dict[Network, list[AnyNetwork]] = {"datacenter": [*self._clouds]} if self._clouds else {}
        for name, held in self._lists:
            networks.setdefault(name, []).extend(held.content)
        return _Known(
            None if self._places is None else self._places.content,
            NetworkClasses(networks) if networks else None,
        )


def _read_networks(path: Path) -> tuple[AnyNetwork, ...]:
    with path.open(encoding="utf-8") as lines:
        return read_networks(lines)


def _packed(address: str) -> bytes:
    """Its 4 or 16 bytes; none for what is no address."""
    try:
        return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
    except (OSError, ValueError):
        return b""
