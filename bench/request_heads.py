"""Heads of requests as servers see them: a browser's own, passed on by a proxy, or come through a CDN."""

import random
from functools import cache
from typing import Final

from bench.places import COUNTRIES
from bench.traffic import DOMAIN, link_key, visitors

LANGUAGES: Final = (
    "en-GB,en;q=0.5",
    "en-US,en;q=0.9",
    "de-DE,de;q=0.9,en;q=0.8",
    "fr-FR,fr;q=0.9",
    "es-ES,es;q=0.9",
    "pt-BR,pt;q=0.9,en-US;q=0.8",
    "ja",
    "zh-CN,zh;q=0.9",
)


def repeating_head(draw: random.Random, links: int) -> bytes:
    """Of one of the browsers that thousands share byte for byte; links and browsers differ."""
    return _head(draw, links, [])


def proxied_head(draw: random.Random, links: int) -> bytes:
    """As nginx passes it on: the client's address, an id of the request."""
    address = _address(draw)
    return _head(
        draw,
        links,
        [
            f"X-Real-IP: {address}",
            f"X-Forwarded-For: {address}",
            "X-Forwarded-Proto: https",
            f"X-Request-ID: {draw.getrandbits(128):032x}",
            "Via: 1.1 edge",
        ],
    )


def cdn_head(draw: random.Random, links: int) -> bytes:
    """Through Cloudflare or CloudFront: their fields, client hints and cookies, different in every request."""
    address = _address(draw)
    country = draw.choice(COUNTRIES)
    if draw.random() < 0.5:
        edge = [
            f"CF-Connecting-IP: {address}",
            f"CF-IPCountry: {country}",
            f"CF-RAY: {draw.getrandbits(64):016x}-FRA",
            'CF-Visitor: {"scheme":"https"}',
            "CDN-Loop: cloudflare; loops=1",
        ]
    else:
        edge = [
            f"CloudFront-Viewer-Country: {country}",
            f"CloudFront-Viewer-Address: {address}:{draw.randrange(1024, 65536)}",
            f"CloudFront-Viewer-ASN: {draw.randrange(1, 400_000)}",
            f"X-Amz-Cf-Id: {draw.getrandbits(256):064x}==",
            "Via: 2.0 d3adb33f.cloudfront.net (CloudFront)",
        ]
    hints = [
        f'Sec-CH-UA: "Chromium";v="{draw.randrange(120, 146)}", "Not=A?Brand";v="24"',
        "Sec-CH-UA-Mobile: ?0",
        f'Sec-CH-UA-Platform: "{draw.choice(("Windows", "macOS", "Android", "Linux"))}"',
        "Sec-Fetch-Site: cross-site",
        "Sec-Fetch-Mode: navigate",
        f"Cookie: _ga=GA1.1.{draw.getrandbits(31)}.{draw.getrandbits(31)}; sid={draw.getrandbits(128):032x}",
    ]
    return _head(draw, links, [f"X-Forwarded-For: {address}", "X-Forwarded-Proto: https", *edge, *hints])


def _head(draw: random.Random, links: int, more: list[str]) -> bytes:
    referrer, ua = draw.choice(_people())
    lines = [
        f"GET /{link_key(draw.randrange(links)).partition('/')[2]} HTTP/1.1",
        f"Host: {DOMAIN}",
        *more,
        f"User-Agent: {ua}",
        "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        f"Accept-Language: {draw.choice(LANGUAGES) if more else LANGUAGES[0]}",
        "Accept-Encoding: gzip, deflate, br",
    ]
    if referrer:
        lines.append(f"Referer: {referrer}")
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "replace")


@cache
def _people() -> list[tuple[str, str]]:
    return visitors()


def _address(draw: random.Random) -> str:
    return f"81.{draw.randrange(256)}.{draw.randrange(256)}.{draw.randrange(1, 255)}"
