"""Where visitors open links: what a setting may say, and what follows from it."""

import pytest

from console.api.link_urls import LinkUrlError, link_url, read_link_urls
from console.api.settings import ApiSettings
from schemas.settings import SettingsError


def test_links_are_opened_by_https_at_their_domain_unless_said() -> None:
    assert link_url("go.example", read_link_urls(())) == "https://go.example"


def test_a_url_holds_for_all_domains_but_those_that_have_their_own() -> None:
    urls = read_link_urls(("http://{domain}:8080", "Go.Example=https://go.example/"))
    assert link_url("localhost", urls) == "http://localhost:8080"
    assert link_url("go.example", urls) == "https://go.example"
    assert link_url("b.go.example", urls) == "http://b.go.example:8080"


def test_a_domain_of_its_own_leaves_others_as_usual() -> None:
    assert link_url("b.example", read_link_urls(("go.example=http://localhost:8080",))) == "https://b.example"


@pytest.mark.parametrize(
    "setting",
    [
        "",
        "{domain}:8080",
        "ftp://{domain}",
        "http://go.example",
        "http://{domain}:0",
        "http://{domain}:65536",
        "http://{domain}/links",
        "http://{domain}?a",
        "http://somebody@{domain}",
        "=http://{domain}",
        "a b=http://{domain}",
    ],
)
def test_what_says_no_beginning_of_links_is_refused_with_what_would_do(setting: str) -> None:
    with pytest.raises(LinkUrlError):
        read_link_urls((setting,))
    if setting:
        with pytest.raises(SettingsError, match="CLICKTALLY_API_LINK_URLS"):
            ApiSettings.load({"CLICKTALLY_API_LINK_URLS": setting})


def test_the_setting_lists_them_with_commas() -> None:
    settings = ApiSettings.load({"CLICKTALLY_API_LINK_URLS": "http://{domain}:8080, go.example=https://go.example"})
    assert read_link_urls(settings.link_urls) == {"": "http://{domain}:8080", "go.example": "https://go.example"}
