"""Google Ads and Microsoft Ads: reports by day, with a title and a period above, and sums below.

Rows of one ad and day, split by device or network, are parts of one total and are added up. An ad is known by its
id, else by the names of its ad group or campaign.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from console.impressions.dates import DateError, moment_of
from console.impressions.forms import Form, Part
from console.impressions.lines import FileFacts, Line, PassedOver
from schemas.events import POST_MAX_CHARS
from schemas.matching import urls_in
from schemas.platforms.reading import Collector, ItemError, PayloadError, side_of
from schemas.series import series_name

_SUM: Final = re.compile(
    r"(?:total|totals|gesamt|insgesamt|summe|totale|totaal|totales|suma)\b[^:]{0,20}:", re.IGNORECASE
)
_INCOMPLETE: Final = re.compile(r"potential incomplete data:\s*true", re.IGNORECASE)
_FOOTER: Final = re.compile(r"(?:©|\(c\)|copyright\b).*microsoft", re.IGNORECASE)


@dataclass
class _Day:
    """What rows of one ad and day come to."""

    place: str
    total: int = 0
    side: dict[str, int] = field(default_factory=dict)
    urls: tuple[str, ...] = ()
    profile: str = ""


def read_google(part: Part, facts: FileFacts, collector: Collector, passed: PassedOver) -> None:
    """Rows of a Google Ads report."""
    _read(part, facts, collector, passed, "impressions")


def read_microsoft(part: Part, facts: FileFacts, collector: Collector, passed: PassedOver) -> None:
    """Rows of a Microsoft Ads report."""
    _read(part, facts, collector, passed, "Impressions")


def _read(part: Part, facts: FileFacts, collector: Collector, passed: PassedOver, metric: str) -> None:
    if "day" not in part.columns:
        raise PayloadError(
            "it has no column for the day: add it (Google: Segment, Time, Day; Microsoft: unit of time Day), the"
            " total of a longer time cannot be corrected later"
        )
    ads: dict[tuple[str, date], _Day] = {}
    for line in _rows(part, facts, passed):
        with collector.part(line.place):
            _add_up(line, ads)
    is_provisional = any(_INCOMPLETE.match(str(cell)) for row in part.above() for cell in row.cells)
    for (post, day), summed in ads.items():
        with collector.part(summed.place):
            collector.add(
                summed.place,
                post=post,
                series=series_name(metric, "", "day"),
                total=summed.total,
                urls=summed.urls,
                profile=summed.profile[:256],
                side=side_of(**summed.side),
                provisional=is_provisional,
                **facts.day(day, "day")._asdict(),
            )


def _rows(part: Part, facts: FileFacts, passed: PassedOver) -> Iterator[Line]:
    """Without those of the sums, which are of no day: a campaign may be called Total."""
    for line in part.lines(facts):
        if line.is_blank():
            passed.blank += 1
        elif not _is_day(line, facts) and (_FOOTER.match(line.first()) or any(map(_SUM.match, line.texts()))):
            passed.totals += 1
        else:
            yield line


def _is_day(line: Line, facts: FileFacts) -> bool:
    try:
        return moment_of(line.cell("day"), facts.order) is not None
    except DateError:
        return False


def _add_up(line: Line, ads: dict[tuple[str, date], _Day]) -> None:
    moment = line.moment("day")
    if moment is None:
        raise ItemError(f"has no {line.header('day')!r}: a row is of an ad and a day")
    post, total = _post(line), line.total("impressions")
    numbers = {"clicks": line.count("clicks"), "spend_micros": line.micros("spend")}
    urls = urls_in(f"{line.text('final_url')} {line.text('mobile_url')}")
    summed = ads.setdefault((post, moment.date()), _Day(line.place))
    summed.total += total or 0  # a dash is no display
    for name, number in numbers.items():
        if number is not None:
            summed.side[name] = summed.side.get(name, 0) + number
    summed.urls = summed.urls or urls
    summed.profile = summed.profile or line.text("account")


def _post(line: Line) -> str:
    ad = line.identifier("ad_id")
    if ad:
        return ad
    for prefix, names in (
        ("ad-group", ("ad_group_id",)),
        ("ad-group", ("campaign", "ad_group")),
        ("campaign", ("campaign_id",)),
        ("campaign", ("campaign",)),
    ):
        values = [line.identifier(name) for name in names]
        if all(values):
            return f"{prefix}:{'/'.join(values)}"[:POST_MAX_CHARS]
    raise ItemError("names neither an ad nor an ad group nor a campaign: add the column Ad ID or Campaign")


GOOGLE: Final = Form(
    name="google-ads",
    title="report of Google Ads",
    platform="google-ads",
    columns={
        "day": ("day", "tag", "jour", "día", "dia", "giorno", "dag"),
        "account": ("account name", "account", "kontoname", "konto", "nom du compte", "nombre de la cuenta"),
        "campaign": ("campaign", "kampagne", "campagne", "campaña", "campagna", "campanha", "campaign name"),
        "campaign_id": ("campaign id", "kampagnen-id", "id de campagne", "id de campaña", "id campagna"),
        "ad_group": ("ad group", "anzeigengruppe", "groupe d'annonces", "grupo de anuncios", "gruppo di annunci"),
        "ad_group_id": ("ad group id", "anzeigengruppen-id"),
        "ad_id": ("ad id", "anzeigen-id", "id de l'annonce", "id del anuncio", "id annuncio"),
        "final_url": ("final url", "ad final url", "finale url", "url finale", "url final", "uiteindelijke url"),
        "mobile_url": ("mobile final url", "ad mobile final url", "finale mobile url"),
        "impressions": (
            "impr.",
            "impressions",
            "impressionen",
            "impresiones",
            "impressioni",
            "vert.",
            "impressões",
        ),
        "clicks": ("clicks", "klicks", "clics", "clic", "klikken", "cliques"),
        "currency": ("currency code", "currency", "währungscode", "code de devise", "código de moneda"),
        "spend": ("cost", "kosten", "coût", "coste", "costo", "custo"),
    },
    needed=("impressions", "campaign|campaign_id|ad_id|ad_group_id", "clicks|currency|spend"),
    dates=("day",),
    read=read_google,
)

MICROSOFT: Final = Form(
    name="microsoft-ads",
    title="report of Microsoft Ads",
    platform="microsoft-ads",
    columns={
        "day": ("timeperiod", "time period", "gregorian date", "gregoriandate"),
        "account": ("accountname", "account name"),
        "campaign": ("campaignname", "campaign name", "campaign"),
        "campaign_id": ("campaignid", "campaign id"),
        "ad_group": ("adgroupname", "ad group", "ad group name"),
        "ad_group_id": ("adgroupid", "ad group id"),
        "ad_id": ("adid", "ad id"),
        "final_url": ("finalurl", "final url", "destinationurl", "destination url"),
        "mobile_url": ("finalmobileurl", "mobile final url"),
        "impressions": ("impressions",),
        "clicks": ("clicks",),
        "spend": ("spend",),
    },
    needed=("day", "impressions", "campaign|campaign_id|ad_id|ad_group_id"),
    dates=("day",),
    read=read_microsoft,
)
