"""Access logs in the common and the combined format and in nginx's `main`: what each client asked for, and how."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Final

# nginx's `main` has X-Forwarded-For after the combined format; others have more, which is passed over.
# The closing quote of the last field may be missing: a log that was cut keeps its requests.
_LINE: Final = re.compile(
    rb'(?P<client>\S+) \S+ \S+ \[[^]]*\] "(?P<method>[A-Z]+) (?P<target>\S+)(?: HTTP/[0-9.]+)?" [0-9]{3} \S+'
    rb'(?: "(?P<referrer>(?:[^"\\]|\\.)*)" "(?P<agent>(?:[^"\\]|\\.)*)(?:"|$)'
    rb'(?: "(?P<forwarded>(?:[^"\\]|\\.)*)(?:"|$))?(?: .*)?)?\s*'
)
_ESCAPE: Final = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|(.))")
_NOT_IN_A_TARGET: Final = re.compile(rb"[^\x21-\x7e]")
_CONTROL: Final = re.compile(rb"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a log. `target` is the path with its query, as sent, ASCII; `client` may be a proxy's."""

    client: bytes
    method: bytes
    target: bytes
    referrer: bytes
    agent: bytes


def read_request(line: bytes) -> Request | None:
    """The request that a line of the log tells of; None for a line that is none."""
    matched = _LINE.fullmatch(line.rstrip(b"\r\n"))
    return _request(matched) if matched else None


def _request(matched: re.Match[bytes]) -> Request:
    return Request(
        client=_client(matched["client"], matched["forwarded"]),
        method=matched["method"],
        target=_NOT_IN_A_TARGET.sub(lambda byte: b"%%%02X" % ord(byte[0]), matched["target"]),
        referrer=_header(matched["referrer"]),
        agent=_header(matched["agent"]),
    )


def _client(peer: bytes, forwarded: bytes | None) -> bytes:
    first = (forwarded or b"").partition(b",")[0].strip().decode("latin-1")
    try:
        return str(ipaddress.ip_address(first)).encode()
    except ValueError:
        return peer


def _header(value: bytes | None) -> bytes:
    """A header's value without the log's escapes; `-` is how the log writes that there was none."""
    if value is None or value == b"-":
        return b""
    plain = _ESCAPE.sub(lambda escape: bytes([int(escape[1], 16)]) if escape[1] else escape[2], value)
    return _CONTROL.sub(b" ", plain).strip()
