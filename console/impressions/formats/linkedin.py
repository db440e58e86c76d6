"""LinkedIn: the content export of a page, a member's aggregate export and the export of a single post.

A page's total may contain sponsored displays, which its API leaves out: it is a series of its own. A member's is
the API's. Activity, share and ugcPost are names of one post with different numbers: bring in a post by one way.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from console.impressions.forms import Columns, Form, Part, plain, read_totals
from console.impressions.lines import FileFacts, Line, PassedOver
from console.impressions.sheets import Row
from schemas.matching import urls_in
from schemas.platforms.reading import Collector, ItemError, side_of
from schemas.posts import post_of_url
from schemas.series import series_name

PLATFORM: Final = "linkedin"


def _post(line: Line, name: str) -> tuple[str, str]:
    """The post and its permalink."""
    permalink = line.text(name)
    post = post_of_url(permalink)
    if post is None or post[0] != PLATFORM:
        raise line.fault(name, "names no post of LinkedIn: import the file as it was downloaded")
    return post[1], permalink


def _fields(line: Line, facts: FileFacts, metric: str) -> dict[str, Any] | None:
    """What the exports of pages and of members have in common."""
    post, permalink = _post(line, "permalink")
    total = line.total("impressions")
    if total is None:
        return None
    day, published_ms = line.published("created")
    facts.check_life(day)
    return {
        "post": post,
        "series": series_name(metric, ""),
        "total": total,
        "published_ms": published_ms,
        "permalink": permalink,
    }


def _read_page(part: Part, facts: FileFacts, collector: Collector, passed: PassedOver) -> None:
    def fields_of(line: Line) -> dict[str, Any] | None:
        fields = _fields(line, facts, "Impressions")
        return fields and fields | {
            "profile": line.text("posted_by")[:256],
            "urls": urls_in(line.text("title")),
            "side": side_of(clicks=line.count("clicks")),
        }

    read_totals(part.lines(facts), collector, passed, fields_of)


PAGE_POSTS: Final = Form(
    name="linkedin-page",
    title="content export of a LinkedIn page",
    platform=PLATFORM,
    columns={
        "title": ("post title", "update title", "título da publicação", "titel des beitrags", "titre du post"),
        "permalink": ("post link", "update link", "link da publicação", "beitragslink", "lien du post"),
        "posted_by": ("posted by",),
        "created": ("created date", "data de criação", "erstellungsdatum", "date de création"),
        "impressions": ("impressions", "impressões", "impressionen", "impresiones", "impressioni", "weergaven"),
        "clicks": ("clicks", "cliques", "klicks", "clics", "clic", "klikken"),
    },
    needed=("permalink", "impressions", "created"),
    dates=("created",),
    read=_read_page,
)


def _skip_days(part: Part, facts: FileFacts, collector: Collector, passed: PassedOver) -> None:  # noqa: ARG001 - as PartReader
    passed.note(
        f"sheet {part.sheet.name or 'of days'}: totals of the page's days belong to no post and are not imported"
    )


PAGE_DAYS: Final = Form(
    name="linkedin-page-days",
    title="daily metrics of a LinkedIn page",
    platform=PLATFORM,
    columns={
        "date": ("date", "data", "datum", "fecha"),
        "organic": ("impressions (organic)", "impressões (orgânicas)"),
        "total": ("impressions (total)", "impressões (total)"),
    },
    needed=("date", "organic", "total"),
    dates=("date",),
    read=_skip_days,
)


def _top_posts(header: Sequence[str]) -> Columns | None:
    """Two tables stand side by side, by engagements and by impressions; the columns before that are its own."""
    if "post url" not in header or "impressions" not in header:
        return None
    impressions = header.index("impressions")
    before = {name: number for number, name in enumerate(header[:impressions])}
    if "post url" not in before or "post publish date" not in before:
        return None
    return {
        "impressions": impressions,
        "permalink": before["post url"],
        "created": before["post publish date"],
    }


def _read_top_posts(part: Part, facts: FileFacts, collector: Collector, passed: PassedOver) -> None:
    def rows() -> Iterator[Line]:
        for line in part.lines(facts):
            if line.text("permalink"):
                yield line
            else:
                passed.blank += 1  # the other table is longer

    read_totals(rows(), collector, passed, lambda line: _fields(line, facts, "IMPRESSION"))


TOP_POSTS: Final = Form(
    name="linkedin-member",
    title="aggregate export of a LinkedIn member",
    platform=PLATFORM,
    columns={},
    needed=(),
    locate=_top_posts,
    dates=("created",),
    read=_read_top_posts,
)


def _single_post(header: Sequence[str]) -> Columns | None:
    filled = [name for name in header if name]
    if len(filled) > 1 and filled[0] == "post url" and post_of_url(filled[1]) is not None:
        return {"name": header.index("post url"), "value": header.index(filled[1])}
    return None


def _read_single_post(part: Part, facts: FileFacts, collector: Collector, passed: PassedOver) -> None:
    """Rows of a name and a value, until the demographics begin."""
    rows: dict[str, Row] = {}
    for row in part.sheet.rows[part.start - 1 :]:
        name = plain(row.cells[part.columns["name"]]) if row.cells else ""
        if name == "post viewer demographics":
            break
        rows.setdefault(name, row)
    value = part.columns["value"]
    header = [name.capitalize() for name in rows]
    line = Line(
        Row(
            rows["post url"].number,
            [row.cells[value] if value < len(row.cells) else None for row in rows.values()],
        ),
        {name: number for number, name in enumerate(rows)},
        header,
        part.sheet.name,
        facts,
    )
    with collector.part(line.place):
        post, permalink = _post(line, "post url")
        total = line.total("impressions")
        if total is None:
            passed.without_number += 1
            return
        collector.add(
            line.place,
            post=post,
            series=series_name("IMPRESSION", ""),
            total=total,
            published_ms=_published_ms(line),
            permalink=permalink,
            side=side_of(
                reach=line.count("members reached"),
                profile_visits=line.count("profile viewers from this post"),
                engagements=line.count("social engagements"),
                link_engagements=line.count("link engagements"),
            ),
        )


def _published_ms(line: Line) -> int:
    """The date, with the time of day where there is one. An ambiguous date is no reason to lose a total."""
    try:
        return line.published("post date")[1]
    except ItemError:
        return 0


SINGLE_POST: Final = Form(
    name="linkedin-post",
    title="export of a single LinkedIn post",
    platform=PLATFORM,
    columns={},
    needed=(),
    locate=_single_post,
    read=_read_single_post,
)
