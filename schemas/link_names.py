"""The rule for naming a link in text: doors, import files, mapping files and `--link` read names with it.

A link is named as people see it: `go.example/spring`, or its address, `https://go.example/spring?utm_source=x`. The
host may be written in any form, the slug with escapes such as %20, decoded once, as a visit decodes them.
"""

import re
from typing import Final

from schemas.links import LinkError, read_domain, slug_of_path

_SHOWN_CHARS: Final = 100
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):/(/?)")
_END_OF_HOST: Final = re.compile(r"[/?#]")
_END_OF_PATH: Final = re.compile(r"[?#]")


def read_link_name(text: str) -> str:
    """The key of the link that `text` names: `domain/slug`. Whether there is such a link is another question.

    A query or fragment is no part of a link and may stand in an address only. Raises LinkError with what to do.
    """
    name = text.strip()
    scheme = _SCHEME.match(name)
    if scheme is not None:
        if scheme[1].lower() not in ("https", "http") or not scheme[2]:
            raise LinkError(f"link {shown(text)} is no web address: name it domain/slug, or by its https URL")
        name = name[scheme.end() :]
        end = _END_OF_HOST.search(name)
        host, path = (name, "") if end is None else (name[: end.start()], name[end.start() :])
        path = _END_OF_PATH.split(path, maxsplit=1)[0]
        return link_key(host, slug_of_path(path))
    host, slash, slug = name.partition("/")
    if not slash:
        raise LinkError(f"link {shown(text)} lacks its slash: name it domain/slug, or by its https URL")
    if not host:
        raise LinkError(f"link {shown(text)} lacks its domain: name it domain/slug, or by its https URL")
    return link_key(host, _decoded(slug))


def read_slug(text: str) -> str:
    """A slug as it stands in the link's address, a leading slash allowed. Raises LinkError."""
    return _decoded(text.strip().removeprefix("/"))


def link_key(domain: str, slug: str) -> str:
    """The key of a link by its host, in any form, and its decoded slug. Raises LinkError."""
    return f"{read_domain(domain)}/{slug}"


def shown(text: str) -> str:
    """What somebody wrote, for a message to them: not longer than a line."""
    return repr(text) if len(text) <= _SHOWN_CHARS else repr(text[:_SHOWN_CHARS]) + "…"


def _decoded(slug: str) -> str:
    for mark in "?#":
        if mark in slug:
            raise LinkError(
                f"slug {shown(slug)} has a {mark!r}, which ends a path: leave it out, or write %{ord(mark):X}"
            )
    return slug_of_path("/" + slug)
