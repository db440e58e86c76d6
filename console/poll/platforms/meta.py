"""What Facebook, Instagram and Threads have in common: metrics that may be refused, pages by cursor.

One retired metric fails the whole call, so what is refused is dropped: by its name, or, where the refusal names
none, by asking for each alone.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import ClassVar, Final
from urllib.parse import urlencode

import msgspec

from console.poll.client import Client
from console.poll.platforms.asking import Kind, PlatformPoller
from console.poll.settings import PollSettings
from console.poll.verdicts import MetricRefused, expected

_PLACE: Final = re.compile(r"metric\[(\d+)\]")


class Listed(msgspec.Struct):
    """A post or medium as an edge lists it; which fields are filled depends on the platform."""

    id: str
    created_time: str | None = None
    timestamp: str | None = None
    permalink: str = ""
    caption: str | None = None
    text: str | None = None
    link_attachment_url: str = ""
    media_product_type: str = ""


class _Cursors(msgspec.Struct):
    after: str = ""


class _Paging(msgspec.Struct):
    cursors: _Cursors | None = None
    next: str = ""


class _Page(msgspec.Struct):
    data: list[Listed] = []
    paging: _Paging | None = None


class MetaPoller(PlatformPoller[Kind]):
    """What the three have in common: metrics that may be refused, pages by cursor."""

    metrics: ClassVar[tuple[str, ...]]
    lists_posts = True

    def __init__(self, client: Client, account: Kind, settings: PollSettings, warn: Callable[[str], None]) -> None:
        super().__init__(client, account, settings, warn)
        # By kind of post; for this process's life, so that what comes back is found.
        self._refused: Final[dict[str, set[str]]] = {}

    def wanted_metrics(self, kind: str) -> tuple[str, ...]:
        """Those of a kind of post that were not refused yet."""
        return tuple(name for name in self.metrics if name not in self._refused.get(kind, ()))

    async def narrowed(self, kind: str, ask: Callable[[Sequence[str]], Awaitable[bytes]]) -> bytes:
        """The answer with all metrics that are given. Raises PollError.

        MetricRefused: the first, what counts, is refused: a matter of the posts, a video among them perhaps.
        """
        while True:
            metrics = self.wanted_metrics(kind)
            try:
                return await ask(metrics)
            except MetricRefused as error:
                refused = _named(error.metric, metrics) or await self._refused_alone(metrics, ask)
                if not refused or metrics[0] in refused:
                    raise MetricRefused(str(error), "") from error
                self._drop(kind, refused, str(error))

    async def _refused_alone(
        self, metrics: Sequence[str], ask: Callable[[Sequence[str]], Awaitable[bytes]]
    ) -> set[str]:
        refused = set()
        for metric in metrics if len(metrics) > 1 else ():
            try:
                await ask([metric])
            except MetricRefused:
                refused.add(metric)
        return refused

    def _drop(self, kind: str, metrics: set[str], why: str) -> None:
        self._refused.setdefault(kind, set()).update(metrics)
        self.client.dropped(len(metrics))
        of = f" for {kind}" if kind else ""
        self.warn(f"{', '.join(sorted(metrics))} is refused{of} and no longer asked for: {why}")

    async def pages(self, path: str, query: dict[str, str]) -> AsyncIterator[list[Listed]]:
        """An edge's objects, until the paging names no next page."""
        while True:
            body = await self.client.get(f"{path}?{urlencode(query, safe=',{}')}")
            page = expected(body, _Page, self.platform)
            yield page.data
            after = page.paging.cursors.after if page.paging and page.paging.cursors else ""
            if not (page.paging and page.paging.next and after):
                return
            query = {**query, "after": after}


def _named(message: str, metrics: Sequence[str]) -> set[str]:
    """The metrics that a refusal names, by their place or by name; some refusals go on to list the good ones."""
    refusal = message.partition("must be one of")[0]
    by_place = {metrics[int(place)] for place in _PLACE.findall(refusal) if int(place) < len(metrics)}
    return by_place or {name for name in metrics if re.search(rf"\b{re.escape(name)}\b", refusal)}
