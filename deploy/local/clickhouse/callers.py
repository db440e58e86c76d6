"""Who calls: the user by name and password, and whether a web page speaks through somebody's browser."""

import base64
import binascii
import ipaddress
import secrets
from typing import Final
from urllib.parse import urlsplit

from multidict import CIMultiDict, CIMultiDictProxy, MultiMapping

from deploy.local.clickhouse import errors
from deploy.local.clickhouse.access import Role
from deploy.local.clickhouse.errors import raised
from deploy.local.settings import LocalSettings

_PREFLIGHT: Final = {
    "Access-Control-Allow-Methods": "POST, GET, OPTIONS",
    "Access-Control-Allow-Headers": "origin, x-requested-with, x-clickhouse-format, x-clickhouse-user, "
    "x-clickhouse-key, x-clickhouse-database, content-type, authorization",
    "Access-Control-Max-Age": "86400",
}
_BASIC: Final = "Authorization: Basic is followed by base64 of user:password"


class Doorkeeper:
    """Lets clients in as one of the two users; ``version`` is for the text of errors."""

    def __init__(self, settings: LocalSettings, version: str) -> None:
        self._version = version
        self._users = {
            settings.clickhouse_user: (Role.WRITER, settings.clickhouse_password.get_secret_value().encode()),
            settings.clickhouse_reader_user: (
                Role.READER,
                settings.clickhouse_reader_password.get_secret_value().encode(),
            ),
        }
        self._hosts = {name.lower() for name in settings.clickhouse_hosts}
        self._origins = set(settings.clickhouse_origins)

    def role(self, headers: CIMultiDictProxy[str], query: MultiMapping[str]) -> Role:
        """The role of the user that a request names.

        Raises:
            StatementError: there is no such user, the password is another's, or neither can be read (516).
        """
        user, password = self._credentials(headers, query)
        role, wanted = self._users.get(user, (Role.READER, b""))
        same = secrets.compare_digest(password.encode(errors="surrogateescape"), wanted)
        if user not in self._users or not same:
            raise self._unknown(
                f"{user}: Authentication failed: password is incorrect, or there is no user with such name."
            )
        return role

    def check_page(self, headers: CIMultiDictProxy[str]) -> None:
        """Keep web pages out: those that point a name of theirs at this address, and those that simply call it.

        Raises:
            StatementError: a name or an origin that is not ours (497).
        """
        host = _host_of(headers.get("Host", ""))
        if not _is_address(host) and host not in self._hosts and host.rpartition(".")[2] != "localhost":
            raise self._refused(f"Host {host!r} is no name of this server", "CLICKTALLY_LOCAL_CLICKHOUSE_HOSTS")
        origin = headers.get("Origin", "")
        foreign = headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"} or (
            origin and _host_of(urlsplit(origin).netloc) != host
        )
        if foreign and not self._allows(origin):
            refusal_text = f"A web page of {origin or 'another site'} may not query"
            raise self._refused(refusal_text, "CLICKTALLY_LOCAL_CLICKHOUSE_ORIGINS")

    def cross_origin(self, headers: CIMultiDictProxy[str], *, preflight: bool = False) -> CIMultiDict[str]:
        """The CORS headers of an answer to this request; none without a setting that allows its page."""
        origin = headers.get("Origin", "")
        if not origin or not self._allows(origin):
            return CIMultiDict()
        allowed = {"Access-Control-Allow-Origin": origin, "Vary": "Origin", "Access-Control-Expose-Headers": "*"}
        return CIMultiDict({**allowed, **(_PREFLIGHT if preflight else {})})

    def _allows(self, origin: str) -> bool:
        return origin != "" and not self._origins.isdisjoint({origin, "*"})

    def _credentials(self, headers: CIMultiDictProxy[str], query: MultiMapping[str]) -> tuple[str, str]:
        scheme, _, credentials = headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                user, colon, password = (
                    base64.b64decode(credentials.encode(), validate=True).decode().partition(":")
                )
            except (binascii.Error, UnicodeError) as error:
                raise self._unknown(_BASIC) from error
            if not colon:
                raise self._unknown(_BASIC)
            return user or "default", password
        user = headers.get("X-ClickHouse-User") or query.get("user") or "default"
        return user, headers.get("X-ClickHouse-Key") or query.get("password") or ""

    def _unknown(self, message: str) -> errors.StatementError:
        return raised(errors.AUTHENTICATION_FAILED, message, "AUTHENTICATION_FAILED", self._version)

    def _refused(self, message: str, setting: str) -> errors.StatementError:
        return raised(
            errors.ACCESS_DENIED, f"{message}. If it should, name it in {setting}", "ACCESS_DENIED", self._version
        )


def listens_for_strangers(host: str) -> bool:
    """Whether others than this machine's processes can reach a listener at that address."""
    return not (host == "localhost" or (_is_address(host) and ipaddress.ip_address(host.strip("[]")).is_loopback))


def _host_of(netloc: str) -> str:
    name = netloc.rpartition("@")[2].lower()
    return name[: name.index("]") + 1] if name.startswith("[") and "]" in name else name.partition(":")[0]


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
