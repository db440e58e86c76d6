"""Meta Business Suite: the content export of Facebook and Instagram, a post a row, for its life or by day."""

from typing import Any, Final

from console.impressions.forms import Form, Part, read_totals
from console.impressions.lines import FileFacts, Line, PassedOver
from schemas.matching import urls_in
from schemas.platforms.reading import Collector, ItemError, side_of
from schemas.posts import platform_of
from schemas.series import series_name

_METRICS: Final = {
    ("facebook", "views"): "post_media_view",
    ("facebook", "impressions"): "post_impressions",
    ("instagram", "views"): "views",
    ("instagram", "impressions"): "impressions",
}


def _read(part: Part, facts: FileFacts, collector: Collector, passed: PassedOver) -> None:
    read_totals(part.lines(facts), collector, passed, lambda line: _fields(line, facts))


def _fields(line: Line, facts: FileFacts) -> dict[str, Any] | None:
    platform, post = _platform(line), line.identifier("post")
    if not post:
        raise ItemError(f"has no {line.header('post')!r}: a permalink of Meta changes, the id stays")
    column = "views" if line.has("views") else "impressions"
    total = line.total(column)
    if total is None:
        return None
    page = line.identifier("page")
    scope, period = "", {}
    if any(character.isdigit() for character in line.text("date")):  # otherwise it says Lifetime, in any language
        day = line.moment("date")
        if day is not None:
            scope, period = "day", facts.day(day.date(), line.header("date"))._asdict()
    return {
        "platform": platform,
        "post": f"{page}_{post}" if platform == "facebook" and page else post,
        "other_ids": (post,) if platform == "facebook" and page else (),
        "series": series_name(_METRICS[platform, column], "", scope),
        "is_retired": column == "impressions",
        "total": total,
        "published_ms": line.published("published")[1],
        "permalink": line.text("permalink"),
        "profile": (line.text("page_name") or line.text("account_name") or line.text("username"))[:256],
        "urls": urls_in(f"{line.text('title')}\n{line.text('description')}"),
        "side": side_of(
            reach=line.count("reach"),
            clicks=line.count("total_clicks"),
            link_clicks=line.count("link_clicks"),
        ),
        **period,
    }


def _platform(line: Line) -> str:
    platform = platform_of(line.text("permalink"))
    if platform in {"facebook", "instagram"}:
        return platform
    if line.has("page") or line.has("page_name"):
        return "facebook"
    if line.has("username"):
        return "instagram"
    raise ItemError("says neither by its permalink nor by its columns whether it is of Facebook or of Instagram")


CONTENT: Final = Form(
    name="meta-content",
    title="content export of Meta Business Suite",
    platform="facebook",
    columns={
        "post": ("post id", "beitrags-id", "identifiant de la publication", "identificador de la publicación"),
        "page": ("page id", "seiten-id", "identifiant de la page", "identificador de la página"),
        "page_name": ("page name", "seitenname", "nom de la page", "nombre de la página"),
        "username": ("account username",),
        "account_name": ("account name",),
        "title": ("title", "titel", "titre", "título"),
        "description": ("description", "beschreibung", "descripción"),
        "published": ("publish time", "veröffentlichungszeit", "heure de publication", "hora de publicación"),
        "permalink": ("permalink", "permanenter link", "permalien", "enlace permanente"),
        "date": ("date", "datum", "fecha"),
        "views": ("views", "aufrufe", "vues", "visualizaciones"),
        "impressions": ("impressions", "impressionen", "impresiones"),
        "reach": ("reach", "reichweite", "couverture", "alcance"),
        "total_clicks": ("total clicks", "klicks insgesamt"),
        "link_clicks": ("link clicks", "klicks auf links"),
    },
    needed=("post", "published", "permalink", "views|impressions"),
    dates=("published", "date"),
    order="mdy",
    read=_read,
)
