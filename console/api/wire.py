"""Links as the API takes and gives them: the types of bodies, answers and queries, with every limit."""

from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from console.link_rules import RuleList, Variants
from schemas.destinations import URL_MAX_CHARS
from schemas.events import LINK_MAX_BYTES, ImpressionKind
from schemas.links import CACHE_MAX_S, ORIGINS_MAX, TAGS_MAX, Aim, Label, Origin, RedirectStatus, Tag
from schemas.rules import Fallback, Retired, UtmValue, Weight

PAGE_MOST: Final = 1000
PAGE_USUAL: Final = 50
SEARCH_LEAST: Final = 3

Domain = Annotated[str, Meta(min_length=1, max_length=253, description="host that serves the link")]
Slug = Annotated[
    str,
    Meta(
        max_length=LINK_MAX_BYTES,
        description="path on the domain as it stands in the link's address: `a%20b` and `a b` are the same",
    ),
]
Url = Annotated[str, Meta(min_length=1, max_length=URL_MAX_CHARS)]
Title = Annotated[str, Meta(max_length=512)]
PostUrl = Annotated[str, Meta(max_length=URL_MAX_CHARS)]
Tags = Annotated[list[Tag], Meta(max_length=TAGS_MAX)]
Origins = Annotated[list[Origin], Meta(max_length=ORIGINS_MAX)]
Time = Annotated[datetime, Meta(tz=True)]
CacheSeconds = Annotated[
    int,
    Meta(ge=0, le=CACHE_MAX_S, description="how long a browser may keep the redirect, which hides clicks; 0: not"),
]
ClickIdParameter = Annotated[
    str,
    Meta(
        max_length=64,
        pattern=r"^[A-Za-z0-9_.~-]*(?!\n)$",
        description="query parameter by which the destination gets the click's id, such as ct_click",
    ),
]
ETag = Annotated[str, Meta(description="names this state of the link, for If-Match")]


class LinkPatch(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What to change of a link, as a merge patch (RFC 7396): what is left out stays, null empties."""

    destination: Url | UnsetType = UNSET
    account: Label | UnsetType | None = UNSET
    title: Title | UnsetType | None = UNSET
    tags: Tags | UnsetType | None = UNSET
    campaign: Label | UnsetType | None = UNSET
    post: Label | UnsetType | None = UNSET
    channel: Label | UnsetType | None = UNSET
    profile: Label | UnsetType | None = UNSET
    variant: Label | UnsetType | None = UNSET
    experiment: Label | UnsetType | None = UNSET
    post_id: Label | UnsetType | None = UNSET
    post_url: PostUrl | UnsetType | None = UNSET
    published_at: Time | UnsetType | None = UNSET
    impressions: ImpressionKind | Literal[""] | UnsetType | None = UNSET
    aim: Aim | UnsetType | None = UNSET
    origins: Origins | UnsetType | None = UNSET
    status: RedirectStatus | UnsetType | None = UNSET
    cache_s: CacheSeconds | UnsetType | None = UNSET
    click_id_parameter: ClickIdParameter | UnsetType | None = UNSET
    starts_at: Time | UnsetType | None = UNSET
    expires_at: Time | UnsetType | None = UNSET
    early_destination: Fallback | UnsetType | None = UNSET
    expired_destination: Fallback | UnsetType | None = UNSET
    variants: Variants | UnsetType | None = UNSET
    weight: Weight | UnsetType | None = UNSET
    rules: RuleList | UnsetType | None = UNSET
    pass_query: bool | UnsetType | None = UNSET
    add_utm: bool | UnsetType | None = UNSET
    utm_source: UtmValue | UnsetType | None = UNSET
    utm_medium: UtmValue | UnsetType | None = UNSET
    utm_campaign: UtmValue | UnsetType | None = UNSET
    utm_term: UtmValue | UnsetType | None = UNSET
    utm_content: UtmValue | UnsetType | None = UNSET
    archived: bool | UnsetType = UNSET


class NewLink(LinkPatch, forbid_unknown_fields=True, kw_only=True):
    """A link to be made. Without a slug one is made up; without a domain it is the installation's first."""

    destination: Url
    domain: Domain | UnsetType = UNSET
    slug: Slug | UnsetType = UNSET


class BulkLine(LinkPatch, forbid_unknown_fields=True, kw_only=True, gc=False):
    """One line of a bulk: the link of this name is made, or changed where it exists, or deleted."""

    domain: Domain
    slug: Slug
    delete: bool = False


class VariantView(msgspec.Struct, frozen=True, kw_only=True):
    """One of the destinations among which visitors are split by weight; clicks are kept with its number."""

    number: int
    name: str
    destination: str
    weight: int


class RuleView(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever fits all conditions that are given, one value of each, is led to its destination."""

    number: int
    name: str
    destination: str
    countries: tuple[str, ...]
    languages: tuple[str, ...]
    devices: tuple[str, ...]


class LinkView(msgspec.Struct, frozen=True, kw_only=True):
    """A link as it is."""

    link: Annotated[str, Meta(description="domain/slug, the link's name everywhere")]
    domain: str
    slug: str
    destination: str
    account: str
    title: str
    tags: tuple[str, ...]
    campaign: str
    post: str
    channel: str
    profile: str
    variant: str
    experiment: str
    post_id: str
    post_url: str
    published_at: datetime | None
    impressions: str
    aim: str
    origins: tuple[str, ...]
    status: int
    cache_s: int
    click_id_parameter: str
    starts_at: datetime | None
    expires_at: datetime | None
    early_destination: str
    expired_destination: str
    variants: tuple[VariantView, ...]
    weight: Annotated[int, Meta(description="of the link's own destination, number 0, beside its variants")]
    rules: tuple[RuleView, ...]
    retired: Annotated[
        tuple[Retired, ...], Meta(description="destinations that were taken away, whose numbers clicks may have")
    ]
    pass_query: bool
    add_utm: bool
    utm_source: str
    utm_medium: str
    utm_campaign: str
    utm_term: str
    utm_content: str
    warnings: Annotated[tuple[str, ...], Meta(description="what this link does that may not be meant")]
    created_at: datetime | None
    archived_at: datetime | None
    updated_at: datetime | None
    etag: ETag


class DeletedLinkView(msgspec.Struct, frozen=True, kw_only=True):
    """A deleted link, as long as it can be restored."""

    deleted_at: datetime
    restorable_until: datetime
    link: LinkView


class LinkPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some links, the latest made first."""

    links: list[LinkView]
    next: Annotated[
        str | None,
        Meta(description="cursor of what follows; null when that was all. A page may be shorter than its limit"),
    ]


class DeletedPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some deleted links, by name."""

    links: list[DeletedLinkView]
    next: str | None


class BulkAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one line of a bulk."""

    line: Annotated[int, Meta(ge=1)]
    status: Annotated[int, Meta(description="201 made, 200 changed or as it was, 204 deleted, or a problem's")]
    link: str = ""
    etag: str = ""
    served: Annotated[
        bool,
        Meta(description="false: durable, not yet answered by this host's redirector, or not found by searches"),
    ] = True
    problem: str = ""
    pointer: str = ""


YesNoAny = Literal["false", "true", "any"]
Filter = Annotated[str, Meta(max_length=256)]


class LinkFilters(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which links are meant: those that fit all that is given."""

    search: Annotated[
        str,
        Meta(
            max_length=200,
            description=f"a part of slug, destination, title, a label or tag, at least {SEARCH_LEAST} characters;"
            " case makes no difference",
        ),
    ] = ""
    domain: Annotated[str, Meta(max_length=253)] = ""
    account: Filter | None = None
    campaign: Filter | None = None
    post: Filter | None = None
    channel: Filter | None = None
    profile: Filter | None = None
    variant: Filter | None = None
    experiment: Filter | None = None
    tag: Filter | None = None
    archived: YesNoAny = "false"


class ListQuery(LinkFilters, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which links are meant, and which page of them."""

    limit: Annotated[int, Meta(ge=1, le=PAGE_MOST)] = PAGE_USUAL
    cursor: Annotated[str, Meta(max_length=4096)] = ""


class ExportQuery(LinkFilters, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which links are meant, and in which format."""

    format: Literal["ndjson", "csv"] = "ndjson"


class DeletedQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which page of the deleted links."""

    limit: Annotated[int, Meta(ge=1, le=PAGE_MOST)] = PAGE_USUAL
    cursor: Annotated[str, Meta(max_length=4096)] = ""
