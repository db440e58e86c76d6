"""TikTok: `/v2/video/query/` and `/v2/video/list/`. An answer always has an `error`; its code `ok` is success."""

from typing import Final

import msgspec

from schemas.matching import urls_in
from schemas.platforms.reading import Collector, ItemError, PayloadError, Reading, Unsaid, payload_of
from schemas.series import series_name

PLATFORM: Final = "tiktok"
VERSION: Final = "v2"


class _Verdict(msgspec.Struct):
    code: str = ""
    message: str = ""


class _Videos(msgspec.Struct):
    videos: list[msgspec.Raw] = []


class _Answer(msgspec.Struct):
    data: _Videos | None = None
    error: _Verdict | None = None


class _Video(msgspec.Struct):
    id: str
    view_count: int | None = None
    create_time: int = 0
    share_url: str = ""
    title: str | None = None
    video_description: str | None = None


_answer: Final = msgspec.json.Decoder(_Answer).decode
_video: Final = msgspec.json.Decoder(_Video).decode


def read(raw: bytes | msgspec.Raw, unsaid: Unsaid) -> Reading:
    """The videos of an answer. Raises PayloadError."""
    answer = payload_of(raw, _answer, "TikTok: an object with data and error")
    if answer.error is not None and answer.error.code != "ok":
        raise PayloadError(f"TikTok answered with an error: {answer.error.code} {answer.error.message}")
    if answer.data is None:
        raise PayloadError("this is no answer of TikTok: it has no data")
    collector = Collector(PLATFORM, unsaid)
    for index, part in enumerate(answer.data.videos):
        place = f"data.videos[{index}]"
        with collector.part(place):
            video = _video(part)
            if video.view_count is None:
                raise ItemError(f"video {video.id} has no view_count: ask with fields=id,view_count,share_url")
            collector.add(
                place,
                post=video.id,
                series=series_name("view_count", unsaid.version or VERSION),
                total=video.view_count,
                published_ms=video.create_time * 1000,
                permalink=video.share_url,
                urls=[*urls_in(video.title or ""), *urls_in(video.video_description or "")],
            )
    return collector.reading()
