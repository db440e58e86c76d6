"""Which links a command is about, as its options say it."""

from collections.abc import Iterator
from typing import Annotated, Final, Self

import msgspec
import typer

from console.link_rows import LISTS, TEXTS
from console.link_snapshot import LinkSnapshot
from schemas.links import Link, LinkError, read_domain, slug_of_path

_LABELS: Final = (*TEXTS, *LISTS, "status")

Domain = Annotated[str, typer.Option(help="Only links of this domain.", show_default=False)]
Campaign = Annotated[str | None, typer.Option(help="Only links of this campaign.", show_default=False)]
Labels = Annotated[
    list[str] | None,
    typer.Option("--label", help="Only links with this label, such as channel=x or tags=mail; repeat it for more."),
]


class Filters(msgspec.Struct, frozen=True):
    """Which links are meant; all when nothing is named."""

    domain: str = ""
    labels: tuple[tuple[str, str], ...] = ()

    @classmethod
    def given(cls, domain: str, campaign: str | None, labels: list[str] | None) -> Self:
        """The filters that a command's options name. Raises typer.BadParameter."""
        wanted = [] if campaign is None else [("campaign", campaign)]
        for label in labels or []:
            name, separator, value = label.partition("=")
            if not separator or name not in _LABELS:
                raise typer.BadParameter(f"{label!r}: write name=value with a name of {', '.join(_LABELS)}")
            wanted.append((name, value))
        try:
            return cls(read_domain(domain) if domain else "", tuple(wanted))
        except LinkError as error:
            raise typer.BadParameter(str(error)) from error

    def fit(self, link: Link) -> bool:
        """Whether a link of the domain is meant."""
        for name, value in self.labels:
            has = getattr(link, name)
            if value not in has if name in LISTS else value != str(has):
                return False
        return True

    def links(self, snapshot: LinkSnapshot) -> Iterator[Link]:
        """Those that are meant, in the order of their keys."""
        return filter(self.fit, snapshot.links(self.domain))


def key_named(text: str) -> str:
    """The key of a link that is named as people do: `go.example/spring`, or its URL. Raises typer.BadParameter."""
    domain, _, path = text.strip().partition("://")[2 * ("://" in text)].partition("/")
    try:
        return f"{read_domain(domain)}/{slug_of_path('/' + path)}"
    except LinkError as error:
        raise typer.BadParameter(str(error)) from error
