"""Which links a command is about."""

import pytest
import typer

from console.link_filters import Filters, key_named
from schemas.links import Link

LINK = Link(
    domain="go.example",
    slug="a",
    destination="https://example.com/",
    campaign="spring",
    channel="x",
    tags=("mail",),
)


@pytest.mark.parametrize(
    ("campaign", "labels", "fits"),
    [
        (None, [], True),
        ("spring", [], True),
        ("autumn", [], False),
        ("spring", ["channel=x", "tags=mail", "status=302", "post="], True),
        (None, ["channel=y"], False),
        (None, ["tags=mai"], False),
        (None, ["post=p"], False),
    ],
)
def test_a_link_fits_when_everything_named_does(campaign: str | None, labels: list[str], fits: bool) -> None:
    assert Filters.given("", campaign, labels).fit(LINK) is fits


@pytest.mark.parametrize("label", ["channel", "chanel=x", "=x"])
def test_a_label_that_no_link_has_is_refused(label: str) -> None:
    with pytest.raises(typer.BadParameter, match="name=value"):
        Filters.given("", None, [label])


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("go.example/spring", "go.example/spring"),
        ("https://GO.example:443/a%20b", "go.example/a b"),
        ("go.example", "go.example/"),
        ("go.example/", "go.example/"),
        (" go.example/ü ", "go.example/ü"),
    ],
)
def test_a_link_is_named_as_people_do(text: str, key: str) -> None:
    assert key_named(text) == key


@pytest.mark.parametrize("text", ["", "/spring", "go example/a"])
def test_what_names_no_link_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        key_named(text)
