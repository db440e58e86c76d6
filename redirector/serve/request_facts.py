"""What an event keeps of the request that made it."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, TypedDict
from urllib.parse import unquote_plus

import msgspec

from redirector.serve.addresses import Addresses
from redirector.serve.visitors import Visitors
from schemas.events import LANGUAGE_MAX_CHARS, REFERRER_MAX_CHARS, UA_MAX_CHARS, UTM_MAX_CHARS

PURPOSE_MAX_CHARS: Final = 64
_TEXTS_KEPT: Final = 1024
_LANGUAGE: Final = re.compile(r"\s*([A-Za-z]{2,8})(?:-[A-Za-z]{4})?(?:-([A-Za-z]{2}|[0-9]{3}))?(?![A-Za-z0-9])")
"""A language, its script, which is not kept, and its region (RFC 5646)."""
_COUNTRY: Final = re.compile(r"[A-Za-z]{2}")
_REGION: Final = re.compile(r"[A-Za-z0-9]{1,3}")
_NO_COUNTRY: Final = frozenset({"XX", "T1"})
"""Cloudflare's words for an unknown country and for Tor."""

HEADERS: Final = (
    "user-agent",
    "referer",
    "dnt",
    "sec-gpc",
    "sec-purpose",
    "purpose",
    "x-purpose",
    "x-moz",
    "accept-language",
)
"""What is read of every request."""


class RequestFacts(TypedDict, total=False):
    """Fields of an event by their names; what a request does not say is not there."""

    visitor: int
    ua: str
    referrer: str
    purpose: str
    country: str
    region: str
    language: str
    network: str
    utm_source: str
    utm_medium: str
    utm_campaign: str
    utm_term: str
    utm_content: str
    scan: int


NO_REQUEST_FACTS: Final[RequestFacts] = {}


class HeaderFacts(msgspec.Struct, gc=False):
    """What headers alone say. `country` and `region` are a proxy's word, for who trusts the proxy."""

    fields: RequestFacts
    followed: bool = True
    country: str = ""
    region: str = ""


class Observer:
    """Reads facts from headers, and from facts, address and query what an event keeps."""

    def __init__(
        self,
        visitors: Visitors,
        addresses: Addresses,
        *,
        country_header: str = "",
        region_header: str = "",
        scan_parameter: str = "",
        opt_out_parameter: str = "",
    ) -> None:
        """Empty names: nobody says so."""
        self._number: Final = visitors.number
        self._address_facts: Final = addresses.facts
        self._country_header: Final = country_header.lower()
        self._region_header: Final = region_header.lower()
        self._scan_parameter: Final = scan_parameter
        self._opt_out_parameter: Final = opt_out_parameter
        self.varying: Final = frozenset(
            filter(None, ("referer", "accept-language", self._country_header, self._region_header))
        )
        """Of the headers those that differ among clients that are alike otherwise."""
        self.headers: Final = (*HEADERS, *filter(None, (self._country_header, self._region_header)))
        """The headers that `facts` reads, in lower case."""

    def facts(self, headers: Mapping[str, str]) -> HeaderFacts:
        """What `headers` say: names in lower case, bytes that are not UTF-8 as surrogate escapes."""
        get = headers.get
        fields: RequestFacts = {}
        more = len(headers)  # of those that are not read, too
        if ua := get("user-agent", ""):
            more -= 1
            fields["ua"] = ua if ua.isascii() and len(ua) <= UA_MAX_CHARS else clean(ua, UA_MAX_CHARS)
        if accepted := get("accept-language", ""):
            more -= 1
            if language := first_language(accepted):
                fields["language"] = language
        facts = HeaderFacts(fields)
        if more:
            self._read_rare(get, facts)
        return facts

    def _read_rare(self, get: Callable[[str, str], str], facts: HeaderFacts) -> None:
        """What most requests do not say."""
        facts.followed = get("dnt", "") != "1" and get("sec-gpc", "") != "1"
        facts.country = country_of(get(self._country_header, ""))
        facts.region = region_of(get(self._region_header, ""))
        if bare := bare_referrer(get("referer", "")):
            facts.fields["referrer"] = bare
        purpose = get("sec-purpose", "") or get("purpose", "") or get("x-purpose", "") or get("x-moz", "")
        if purpose:
            facts.fields["purpose"] = clean(purpose, PURPOSE_MAX_CHARS)

    def vary(self, facts: HeaderFacts, headers: Mapping[str, bytes]) -> HeaderFacts:
        """`facts`, in which none of the headers of `varying` is, together with what those say."""
        fields: RequestFacts = {**facts.fields}
        country = region = ""
        for name, value in headers.items():
            if name == "accept-language":
                if language := _language_of(value):
                    fields["language"] = language
            elif name == "referer":
                if referrer := bare_referrer(text_of(value)):
                    fields["referrer"] = referrer
            elif name == self._country_header:
                country = country_of(text_of(value))
            if name == self._region_header:
                region = region_of(text_of(value))
        return HeaderFacts(fields, facts.followed, country, region)

    def observe(
        self, facts: HeaderFacts, address: str, query: str, now_ms: int, *, trusted_peer: bool
    ) -> RequestFacts:
        """What an event keeps of a request from `address`; the visitor's number only if they may be followed.

        A trusted proxy's word about the country goes before the file of places.
        """
        request_facts: RequestFacts = {**facts.fields, **self._address_facts(address)}
        if facts.followed:
            request_facts["visitor"] = self._number(address, facts.fields.get("ua", ""), now_ms)
        if trusted_peer and facts.country:  # it goes before the file's word, its region too
            request_facts["country"] = facts.country
            request_facts["region"] = facts.region
        if query:
            read_query(query, self._scan_parameter, request_facts)
            if self._opt_out_parameter and says(query, self._opt_out_parameter):
                request_facts.pop("visitor", None)
        return request_facts


def bare_referrer(referrer: str) -> str:
    """The referring page without query and fragment, which may hold anything about anyone."""
    if "?" in referrer:
        referrer = referrer.partition("?")[0]
    if "#" in referrer:
        referrer = referrer.partition("#")[0]
    return clean(referrer, REFERRER_MAX_CHARS)


def text_of(value: bytes) -> str:
    """A header's value as aiohttp reads it: spaces behind it are none of it."""
    return value.rstrip(b" \t").decode("utf-8", "surrogateescape")


@lru_cache(_TEXTS_KEPT)
def _language_of(value: bytes) -> str:
    return first_language(text_of(value))


@lru_cache(_TEXTS_KEPT)
def first_language(accepted: str) -> str:
    """The first of Accept-Language, with its region if it has one, in lower case; empty when it names none."""
    match = _LANGUAGE.match(accepted)
    if match is None:
        return ""
    language, region = match.groups()
    text = f"{language}-{region}" if region else language
    return text.lower() if len(text) <= LANGUAGE_MAX_CHARS else ""


@lru_cache(_TEXTS_KEPT)
def country_of(text: str) -> str:
    """A country as ISO 3166-1 alpha-2, empty when `text` is none."""
    country = text.strip().upper()
    return country if _COUNTRY.fullmatch(country) and country not in _NO_COUNTRY else ""


@lru_cache(_TEXTS_KEPT)
def region_of(text: str) -> str:
    """The part of an ISO 3166-2 code behind the country, empty when `text` is none."""
    region = text.strip().upper()
    return region if _REGION.fullmatch(region) else ""


def read_query(query: str, scan_parameter: str, request_facts: RequestFacts) -> None:
    """Put the first utm_* of each kind and the mark of a QR code into `request_facts`."""
    for part in query.split("&"):
        name, _, value = part.partition("=")
        match name:
            case "utm_source" | "utm_medium" | "utm_campaign" | "utm_term" | "utm_content":
                if value and name not in request_facts:
                    request_facts[name] = unquote_plus(value)[:UTM_MAX_CHARS]
            case _ if name == scan_parameter and name and value != "0":
                request_facts["scan"] = 1


def says(query: str, parameter: str) -> bool:
    """Whether `query` has the parameter, with any value but 0."""
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if name == parameter and value != "0":
            return True
    return False


def clean(text: str, max_chars: int) -> str:
    """A header's value as text that UTF-8 can hold: bytes that were no UTF-8 are read as Latin-1."""
    if not text.isascii():
        raw = text.encode("utf-8", "surrogateescape")
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            text = raw.decode("latin-1")
    return text if len(text) <= max_chars else text[:max_chars]
