"""What a report's rows are by: the parameter `by`, and the labels that rows then have."""

from collections.abc import Collection
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from console.api.problems import Problem

LABELS: Final = ("account", "campaign", "post", "channel", "profile")
"""What links are grouped by, besides each for itself."""
LABELS_OR_LINK: Final = (*LABELS, "link")


class Labels(msgspec.Struct, kw_only=True):
    """Of LABELS_OR_LINK, those that rows are by."""

    account: str | UnsetType = UNSET
    campaign: str | UnsetType = UNSET
    post: str | UnsetType = UNSET
    channel: str | UnsetType = UNSET
    profile: str | UnsetType = UNSET
    link: str | UnsetType = UNSET


def names_by(by: str, known: Collection[str], *, or_none: bool = False) -> list[str]:
    """The names in `by`, comma-separated, in their order.

    Raises Problem for one that is unknown or there twice; without any, unless `or_none`.
    """
    names = [name.strip() for name in by.split(",")] if by.strip() else []
    if len(set(names)) < len(names) or not set(names) <= set(known) or not (names or or_none):
        none = ", or none for all together" if or_none else ""
        raise Problem("bad-request", f"name some of {', '.join(known)}, each once{none}", parameter="by")
    return names
