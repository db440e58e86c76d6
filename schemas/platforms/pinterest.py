"""Pinterest: `/v5/pins/{id}/analytics`, totals of days in UTC. The answer does not repeat which pin it is of."""

from typing import Final

import msgspec

from schemas.platforms.reading import Collector, ItemError, PayloadError, Reading, Unsaid, payload_of, side_of
from schemas.platforms.times import day_of
from schemas.series import series_name

PLATFORM: Final = "pinterest"
VERSION: Final = "v5"


class _Numbers(msgspec.Struct):
    IMPRESSION: int | None = None
    OUTBOUND_CLICK: int | None = None
    PIN_CLICK: int | None = None
    SAVE: int | None = None


class _Day(msgspec.Struct):
    date: str
    data_status: str = ""
    metrics: _Numbers = msgspec.field(default_factory=_Numbers)


class _App(msgspec.Struct):
    daily_metrics: list[msgspec.Raw] = []


class _Answer(msgspec.Struct):
    all: _App | None = None
    message: str = ""
    code: int = 0


_answer: Final = msgspec.json.Decoder(_Answer).decode
_pins: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_day: Final = msgspec.json.Decoder(_Day).decode


def read(raw: bytes | msgspec.Raw, unsaid: Unsaid) -> Reading:
    """The days of a pin (`unsaid.post`), or of several by their ids. All app types together count, never one.

    Raises PayloadError.
    """
    collector = Collector(PLATFORM, unsaid)
    answer = payload_of(raw, _answer, "Pinterest: an object with all")
    if answer.all is not None:
        if not unsaid.post:
            raise PayloadError("Pinterest does not say of which pin this is: say post=, the pin's id")
        _read_pin(collector, "", unsaid.post, answer.all)
        return collector.reading()
    if answer.message:
        raise PayloadError(f"Pinterest answered with an error: {answer.code} {answer.message}")
    pins = payload_of(raw, _pins, "Pinterest: an object with all")
    if not pins:
        raise PayloadError("this is no answer of Pinterest: it has no all, of all app types together")
    for pin, part in pins.items():
        with collector.part(pin):
            all_apps = _answer(part).all
            if all_apps is None:
                raise ItemError("it has no all, of all app types together: ask with app_types=ALL")
            _read_pin(collector, f"{pin}.", pin, all_apps)
    return collector.reading()


def _read_pin(collector: Collector, prefix: str, pin: str, app: _App) -> None:
    unsaid = collector.unsaid
    for index, part in enumerate(app.daily_metrics):
        place = f"{prefix}all.daily_metrics[{index}]"
        with collector.part(place):
            day = _day(part)
            numbers = day.metrics
            if numbers.IMPRESSION is None:
                raise ItemError(
                    f"{day.date[:10]} has no IMPRESSION ({day.data_status or 'without data_status'}): ask again"
                    " when it is READY, with metric_types=IMPRESSION"
                )
            period = day_of(day.date, unsaid.day_zone, "date")
            collector.add(
                place,
                post=pin,
                series=series_name("IMPRESSION", unsaid.version or VERSION, "day"),
                total=numbers.IMPRESSION,
                provisional=day.data_status != "READY",
                permalink=f"https://www.pinterest.com/pin/{pin}/",
                side=side_of(link_clicks=numbers.OUTBOUND_CLICK, clicks=numbers.PIN_CLICK, saves=numbers.SAVE),
                **period._asdict(),
            )
