"""What a page of another origin needs in an answer, to be allowed to send and to read.

Any origin is told that it may, with credentials too: browsers send beacons so, and a cookie opens no door here. A
token does, and a page that holds one could send it from anywhere.
"""

from typing import Final

from redirector.serve.answers import Answer

Header = tuple[str, str]

ALLOWED_HEADERS: Final = ("Content-Type", "Content-Encoding", "Authorization", "Idempotency-Key")
_VARY: Final = ("Vary", "Origin")
_CREDENTIALS: Final = ("Access-Control-Allow-Credentials", "true")
_ORIGIN_MAX_CHARS: Final = 512


def headers_for(origin: str) -> tuple[Header, ...]:
    """The CORS headers of an answer to `origin`; for an empty or unusable one only Vary, which permits nothing."""
    if not origin or len(origin) > _ORIGIN_MAX_CHARS or not (origin.isascii() and origin.isprintable()):
        return (_VARY,)
    return (_VARY, ("Access-Control-Allow-Origin", origin), _CREDENTIALS)


def preflight(origin: str, methods: str) -> Answer:
    """The answer to a browser that asks first."""
    return Answer(
        204,
        (
            ("Allow", f"{methods}, OPTIONS"),
            *headers_for(origin),
            ("Access-Control-Allow-Methods", methods),
            ("Access-Control-Allow-Headers", ", ".join(ALLOWED_HEADERS)),
            ("Access-Control-Max-Age", "7200"),
        ),
    )
