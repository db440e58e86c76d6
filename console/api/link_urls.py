"""Where visitors open the links of a domain: what QR codes say, and what the page opens and copies."""

from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import urlsplit

from schemas.links import LinkError, read_domain

DOMAIN: Final = "{domain}"
"""Stands for the link's domain in the URL of all that have none of their own."""
USUAL: Final = f"https://{DOMAIN}"


class LinkUrlError(ValueError):
    """A setting that says no URL; the message says what would do."""


def read_link_urls(settings: Iterable[str]) -> dict[str, str]:
    """URLs by domain, under an empty name that of all others. Raises LinkUrlError.

    Each setting is `http://{domain}:8080`, or `go.example=https://go.example` for one domain.
    """
    urls = {"": USUAL}
    for one in settings:
        before, equals, url = one.rpartition("=")
        try:
            domain = read_domain(before) if equals else ""
            parts = urlsplit(url.replace(DOMAIN, "go.example"))
            port = parts.port
        except (LinkError, ValueError) as error:
            raise LinkUrlError(f"{one!r}: {error}") from error
        if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
            raise LinkUrlError(f"{url!r} is no URL: write one such as http://{DOMAIN}:8080")
        if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username is not None:
            raise LinkUrlError(f"{url!r} says more than where links begin: scheme, host and port are all")
        if not domain and DOMAIN not in url:
            raise LinkUrlError(
                f"{url!r} is of all domains: put {DOMAIN} where each one's name stands, or say of which it is"
            )
        urls[domain] = url.rstrip("/")
    return urls


def link_url(domain: str, urls: Mapping[str, str]) -> str:
    """Where the links of a domain begin, without a slash at the end."""
    return urls.get(domain, urls[""]).replace(DOMAIN, domain)
