import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.links import Link, LinkError
from schemas.own_domains import check_leads_away, destination_key, domain_led_to


def link(destination: str) -> Link:
    return Link(domain="go.example", slug="a b", destination=destination)


@pytest.mark.parametrize(
    "destination",
    [
        "https://go.example/a%20b",
        "http://GO.example.:8080/x/../a%20b?again#now",
        "https://user@go%2Eexample\\a%20b",
    ],
)
def test_a_link_to_itself_is_refused_however_it_is_written(destination: str) -> None:
    assert destination_key(destination) == "go.example/a b"
    for own_allowed in (False, True):
        with pytest.raises(LinkError, match="the link itself"):
            check_leads_away(link(destination), set(), own_allowed=own_allowed)


@pytest.mark.parametrize("destination", ["https://go.example/c", "https://go.example", "https://to.example/"])
def test_a_domain_that_has_links_is_no_destination_unless_allowed(destination: str) -> None:
    with pytest.raises(LinkError, match="has links itself"):
        check_leads_away(link(destination), {"to.example"})
    check_leads_away(link(destination), {"to.example"}, own_allowed=True)


@pytest.mark.parametrize(
    "destination", ["https://example.com/a%20b", "https://www.go.example/", "mailto:a@go.example"]
)
def test_a_link_that_leads_away_passes(destination: str) -> None:
    check_leads_away(link(destination), {"go.example", "to.example"})


@example("https://", "\n/1")
@example("https://", "\\/1")
@example("https://", "a@/1")
@example("https://", "1 /")
@given(
    st.sampled_from(["https://", "http://", "HTTPS://", "https:/", "https:///", "mailto:", ""]),
    st.text(st.sampled_from("aA.ü1:/\\?#@[]% \t\n-"), max_size=20),
)
def test_the_domain_that_is_led_to_is_that_of_the_link_that_it_would_be(scheme: str, rest: str) -> None:
    key = destination_key(scheme + rest)
    assert domain_led_to(scheme + rest) == (None if key is None else key.partition("/")[0])
