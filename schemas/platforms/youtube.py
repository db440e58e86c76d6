"""YouTube: `videos.list` with `part=statistics`. Numbers are texts. A view is a playback's start."""

from typing import Final

import msgspec

from schemas.matching import urls_in
from schemas.platforms.reading import Collector, ItemError, PayloadError, Reading, Unsaid, payload_of, whole
from schemas.platforms.times import iso_ms
from schemas.series import series_name

PLATFORM: Final = "youtube"
VERSION: Final = "v3"


class _Refusal(msgspec.Struct):
    message: str = ""
    code: int = 0


class _Answer(msgspec.Struct):
    items: list[msgspec.Raw] | None = None
    error: _Refusal | None = None


class _Statistics(msgspec.Struct):
    viewCount: str | int | None = None  # noqa: N815 - YouTube's name


class _Snippet(msgspec.Struct):
    publishedAt: str | None = None  # noqa: N815 - the same
    channelId: str | None = None  # noqa: N815 - the same
    description: str | None = None


class _Video(msgspec.Struct):
    id: str
    statistics: _Statistics | None = None
    snippet: _Snippet | None = None


_answer: Final = msgspec.json.Decoder(_Answer).decode
_video: Final = msgspec.json.Decoder(_Video).decode


def read(raw: bytes | msgspec.Raw, unsaid: Unsaid) -> Reading:
    """The videos of an answer. Raises PayloadError."""
    answer = payload_of(raw, _answer, "YouTube: an object with items")
    if answer.error is not None:
        raise PayloadError(f"YouTube answered with an error: {answer.error.code} {answer.error.message}")
    if answer.items is None:
        raise PayloadError("this is no answer of YouTube: it has no items")
    collector = Collector(PLATFORM, unsaid)
    for index, part in enumerate(answer.items):
        place = f"items[{index}]"
        with collector.part(place):
            video = _video(part)
            total = whole(video.statistics.viewCount, "viewCount") if video.statistics else None
            if total is None:
                raise ItemError(f"video {video.id} has no statistics.viewCount: ask with part=statistics,snippet")
            snippet = video.snippet or _Snippet()
            collector.add(
                place,
                post=video.id,
                series=series_name("viewCount", unsaid.version or VERSION),
                total=total,
                published_ms=iso_ms(snippet.publishedAt, "publishedAt"),
                profile=unsaid.profile or snippet.channelId,
                permalink=f"https://www.youtube.com/watch?v={video.id}",
                urls=urls_in(snippet.description or ""),
            )
    return collector.reading()
