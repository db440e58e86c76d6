import pytest

from console.link_rows import Row, name_of
from schemas.link_names import read_link_name, read_slug
from schemas.links import LinkError


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("go.example/spring", "go.example/spring"),
        (" GO.Example:8080/spring ", "go.example/spring"),
        ("go.example/", "go.example/"),
        ("go.example//a", "go.example//a"),
        ("go.example/a%20b", "go.example/a b"),
        ("go.example/a b", "go.example/a b"),
        ("go.example/a%3Fb", "go.example/a?b"),
        ("go.example/100%", "go.example/100%"),
        ("go.example/%2541", "go.example/%41"),
        ("go.example/%FF", "go.example/%FF"),
        ("bücher.example/ü", "xn--bcher-kva.example/ü"),
        ("bücher.example/%C3%BC", "xn--bcher-kva.example/ü"),
        ("[::1]:80/a", "[::1]/a"),
        ("https://go.example/spring", "go.example/spring"),
        ("HTTP://GO.example:8080/spring", "go.example/spring"),
        ("https://go.example/a%20b?utm_source=x#top", "go.example/a b"),
        ("https://go.example/a%3Fb?c", "go.example/a?b"),
        ("https://bücher.example/ü", "xn--bcher-kva.example/ü"),
        ("https://xn--bcher-kva.example/%C3%BC", "xn--bcher-kva.example/ü"),
        ("https://go.example", "go.example/"),
        ("https://go.example?a=b", "go.example/"),
        ("https://p.example/k5", "p.example/k5"),
    ],
)
def test_a_link_has_one_key_however_it_is_named(text: str, key: str) -> None:
    assert read_link_name(text) == key


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "lacks its slash: name it domain/slug, or by its https URL"),
        ("go.example", "lacks its slash"),
        ("/spring", "lacks its domain"),
        ("//go.example/spring", "lacks its domain"),
        ("ftp://go.example/spring", "no web address"),
        ("https:/go.example/a", "no web address"),
        ("https://", "the domain is empty"),
        ("https:///a", "the domain is empty"),
        ("https://user@go.example/a", "character that no host has"),
        ("go.example/a?b=c", "leave it out, or write %3F"),
        ("go.example/a#b", "leave it out, or write %23"),
        ("a b/x", "character"),
    ],
)
def test_what_names_no_link_is_told_what_would(text: str, reason: str) -> None:
    with pytest.raises(LinkError) as refusal:
        read_link_name(text)
    assert reason in str(refusal.value)


def test_a_message_is_not_longer_than_a_line_however_long_the_name() -> None:
    for text in ("x" * 10_000, "go.example/?" + "x" * 10_000, "ftp://" + "x" * 10_000):
        with pytest.raises(LinkError) as refusal:
            read_link_name(text)
        assert len(str(refusal.value)) < 300


@pytest.mark.parametrize("slug", ["spring", "/spring", "a%20b", "ü", "%C3%BC", "100%", "%2541", "a%3Fb", "", "//a"])
def test_an_import_file_and_an_impression_mean_the_same_link_by_the_same_slug(slug: str) -> None:
    row = Row(domain="Bücher.example:443", slug=slug)
    domain, imported = name_of(row)
    assert imported == read_slug(slug)
    assert read_link_name(f"Bücher.example:443/{slug.removeprefix('/')}") == f"{domain}/{imported}"
