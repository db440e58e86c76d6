"""Requests of the page itself: the cookie that its browser shows, and what tells them from those of other pages."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from console.api.operations import FORWARDED
from console.api.problems import Problem

OWN_HEADER: Final = "Clicktally-Page"
"""No page of another origin can send it without asking first, and is then told no."""
RENEWED: Final = web.RequestKey("renewed", str)
"""A Set-Cookie that goes with the answer."""
_NAME: Final = "clicktally-session"
_OWN_SITES: Final = ("", "same-origin", "none")
_CHANGES_NOTHING: Final = ("GET", "HEAD")


@dataclass(frozen=True)
class PageRules:
    """`url`: where browsers find the page, such as https://clicks.example; empty: wherever they asked."""

    url: str = ""
    idle_s: int = 0

    @property
    def secure(self) -> bool:
        """Whether the cookie travels by TLS alone."""
        return self.url.startswith("https://")

    @property
    def cookie_name(self) -> str:
        """With the prefix by which browsers hold that nobody else set it, where they can."""
        return f"__Host-{_NAME}" if self.secure else _NAME

    def shown(self, request: web.Request) -> str:
        """The cookie's value that a request shows; empty where it shows none."""
        return request.cookies.get(self.cookie_name, "")

    def set_cookie(self, value: str) -> str:
        """The header that gives it; without a value, the one that takes it away."""
        kept = f"Max-Age={self.idle_s if value else 0}"
        end = "; Secure" if self.secure else ""
        return f"{self.cookie_name}={value}; Path=/; HttpOnly; SameSite=Strict; {kept}{end}"

    def check(self, request: web.Request) -> None:
        """Raise Problem for a change that no page of ours asks for."""
        if request.method in _CHANGES_NOTHING:
            return
        if OWN_HEADER not in request.headers:
            raise Problem(
                "forbidden",
                f"send the header {OWN_HEADER}: 1, or a token instead of a cookie",
                parameter=OWN_HEADER,
            )
        if FORWARDED in request.headers:
            return  # the console that handed it over looked, and its address is not this one's
        if request.headers.get("Sec-Fetch-Site", "") not in _OWN_SITES:
            raise Problem("forbidden", "only the console's own page may do this", parameter="Sec-Fetch-Site")
        origin = request.headers.get("Origin")
        if origin is not None and not self._is_own(origin, request):
            raise Problem(
                "forbidden",
                "only the console's own page may do this; where its address is another one behind a proxy, set"
                " CLICKTALLY_API_PAGE_URL",
                parameter="Origin",
            )

    def _is_own(self, origin: str, request: web.Request) -> bool:
        if self.url:
            return origin == origin_of(self.url)
        scheme, _, host = origin.partition("://")
        return scheme in ("http", "https") and host.lower() == request.host.lower()


def origin_of(url: str) -> str:
    """The scheme, host and port of a URL, as browsers write an Origin."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.lower()}"
