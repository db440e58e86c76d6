"""The built page: its files in memory, compressed once, and the one document for all of its addresses."""

import gzip
import hashlib
import mimetypes
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import brotli
from aiohttp import web

from console.api.operations import Operation
from console.api.problems import Problem

BUILT: Final = Path(__file__).parents[1] / "page" / "built"
"""Where `make page` builds it."""
PATH: Final = r"/{path:(?!(?:v1|docs|problems)(?:/|$)).*}"
"""Every address that is none of the API's."""
_DOCUMENT: Final = "index.html"
_HASHED: Final = re.compile(r"assets/[^/]+-[A-Za-z0-9_-]{8,}\.\w+\Z")
"""Names that change with their content."""
_COMPRESSED: Final = re.compile(r"text/|application/(?:json|javascript|manifest)|image/svg")
_WORTH_BYTES: Final = 512
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; font-src 'self';"
    " connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",
    "Vary": "Accept-Encoding",
}
_NOT_BUILT: Final = (
    "The page is not built here: `make page` does it, then start the console anew; or set"
    " CLICKTALLY_API_PAGE_DIRECTORY. The API is described at /docs.\n"
)


@dataclass(frozen=True)
class PageFile:
    """A file as it is sent. `bodies` by coding; of that without one the name is empty."""

    media: str
    bodies: dict[str, bytes] = field(repr=False)
    etag: str
    immutable: bool

    @classmethod
    def of(cls, name: str, content: bytes) -> "PageFile":
        """A file of the build by its path in it."""
        media = mimetypes.guess_type(name)[0] or "application/octet-stream"
        bodies = {"": content}
        if _COMPRESSED.match(media) and len(content) >= _WORTH_BYTES:
            bodies |= {"br": brotli.compress(content, quality=9), "gzip": gzip.compress(content, 9, mtime=0)}
        etag = hashlib.blake2b(content, digest_size=12).hexdigest()
        return cls(media, bodies, etag, immutable=_HASHED.match(name) is not None)

    def answer(self, request: web.Request) -> web.Response:
        """The file in a coding that the client takes, or that it has it already."""
        coding = _taken(request.headers.get("Accept-Encoding", ""), self.bodies)
        etag = f'"{self.etag}{"-" if coding else ""}{coding}"'
        headers = _HEADERS | {
            "ETag": etag,
            "Cache-Control": "public, max-age=31536000, immutable" if self.immutable else "no-cache",
        }
        if etag in _tags(request.headers.get("If-None-Match", "")):
            return web.Response(status=304, headers=headers)
        if coding:
            headers["Content-Encoding"] = coding
        charset = "utf-8" if self.media.startswith("text/") else None
        return web.Response(body=self.bodies[coding], content_type=self.media, charset=charset, headers=headers)


class PageFiles:
    """What a directory holds: nothing outside of it can be asked for, for nothing is looked up on disk."""

    def __init__(self, directory: Path) -> None:
        root = directory.resolve()
        self._files: Final = {
            name: PageFile.of(name, path.read_bytes())
            for path in sorted(root.rglob("*"))
            for name in (path.relative_to(root).as_posix(),)
            if path.is_file() and path.resolve().is_relative_to(root)
        }

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """A file by its name; the document for every address that a browser goes to."""
        path = request.match_info["path"]
        document = self._files.get(_DOCUMENT)
        if document is None:
            return web.Response(status=503, text=_NOT_BUILT, headers={"Retry-After": "60"})
        found = self._files.get(path)
        if found is None and (not path or "text/html" in request.headers.get("Accept", "")):
            found = document
        if found is None:
            raise Problem("not-found", "the page has no such file")
        return found.answer(request)

    def operations(self) -> tuple[Operation, ...]:
        """Not a part of the API's description, but counted and timed as it is."""
        return tuple(
            Operation(name="page", method=method, path=PATH, role=None, summary="", act=self.answer, answers={})
            for method in ("GET", "HEAD")
        )


def _taken(accepted: str, codings: Iterable[str]) -> str:
    """The best of the codings that a client takes (RFC 9110): those with q=0 it does not."""
    taken = set()
    for one in accepted.split(","):
        name, _, weight = one.partition(";")
        if weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000"):
            taken.add(name.strip().lower())
    return next((coding for coding in ("br", "gzip") if coding in codings and coding in taken), "")


def _tags(if_none_match: str) -> list[str]:
    return [one.strip().removeprefix("W/") for one in if_none_match.split(",")]
