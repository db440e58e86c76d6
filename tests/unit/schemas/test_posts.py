"""Whatever names a post, names the same post."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.posts import named_post_keys, platform_named, platform_of, post_id, post_keys, post_of_url

ACTIVITY = "7190000000000000001"


@pytest.mark.parametrize(
    ("url", "platform", "post"),
    [
        ("https://x.com/acme/status/1900000000000000001", "x", "1900000000000000001"),
        ("https://twitter.com/renamed/status/1900000000000000001?s=20", "x", "1900000000000000001"),
        ("https://mobile.twitter.com/i/web/status/1900000000000000001", "x", "1900000000000000001"),
        ("x.com/acme/statuses/19", "x", "19"),
        (
            f"https://www.linkedin.com/feed/update/urn:li:activity:{ACTIVITY}/",
            "linkedin",
            f"urn:li:activity:{ACTIVITY}",
        ),
        ("https://www.linkedin.com/feed/update/urn%3Ali%3Ashare%3A222", "linkedin", "urn:li:share:222"),
        (
            f"https://de.linkedin.com/posts/acme_spring-sale-activity-{ACTIVITY}-AbCd",
            "linkedin",
            f"urn:li:activity:{ACTIVITY}",
        ),
        (f"https://www.linkedin.com/posts/acme_share-{ACTIVITY}-x1", "linkedin", f"urn:li:share:{ACTIVITY}"),
        (f"https://www.linkedin.com/posts/acme_ugcPost-{ACTIVITY}-x1", "linkedin", f"urn:li:ugcPost:{ACTIVITY}"),
        ("https://www.facebook.com/acme/posts/1827720132094663", "facebook", "1827720132094663"),
        ("https://www.facebook.com/acme/posts/a-title/1827720132094663/", "facebook", "1827720132094663"),
        ("https://www.facebook.com/acme/posts/pfbid0AbCdEf", "facebook", "pfbid0AbCdEf"),
        ("https://m.facebook.com/permalink.php?story_fbid=182772&id=111", "facebook", "182772"),
        ("https://www.facebook.com/reel/182772/?s=x", "facebook", "182772"),
        ("https://www.facebook.com/watch/?v=182772", "facebook", "182772"),
        ("https://www.instagram.com/p/Ddr9-_EmLMp/", "instagram", "Ddr9-_EmLMp"),
        ("https://instagram.com/acme/reel/Ddr9jGEmLMp/?igsh=x", "instagram", "Ddr9jGEmLMp"),
        ("https://www.threads.net/@acme/post/C8abc_-1", "threads", "C8abc_-1"),
        ("https://www.tiktok.com/@acme/video/7300000000000000001", "tiktok", "7300000000000000001"),
        ("https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=1", "youtube", "dQw4w9WgXcQ"),
        ("https://youtu.be/dQw4w9WgXcQ", "youtube", "dQw4w9WgXcQ"),
        ("https://youtube.com/shorts/dQw4w9WgXcQ", "youtube", "dQw4w9WgXcQ"),
        ("https://www.pinterest.co.uk/pin/a-title--5501/", "pinterest", "5501"),
        ("https://bsky.app/profile/acme.example/post/3kabc", "bluesky", "3kabc"),
    ],
)
def test_a_permalink_names_platform_and_post(url: str, platform: str, post: str) -> None:
    assert post_of_url(url) == (platform, post)
    assert platform_of(url) == platform
    assert post_id(platform, url if "://" in url else f"https://{url}") == post


@pytest.mark.parametrize(
    "url",
    [
        "https://x.com/acme",
        "https://notx.com/acme/status/19",
        "https://x.com.example/acme/status/19",
        "https://go.example/spring",
        "https://www.linkedin.com/company/acme/",
        "https://[broken/status/1",
        "",
    ],
)
def test_other_addresses_name_no_post(url: str) -> None:
    assert post_of_url(url) is None


def test_kinds_of_urns_are_kept_in_the_id_and_make_no_difference_when_posts_are_compared() -> None:
    assert post_id("linkedin", "urn:li:share:222") == "urn:li:share:222"
    assert post_keys("linkedin", ["urn:li:share:222"]) == ("linkedin:222",)
    assert post_keys("linkedin", ["urn:li:ugcPost:222"]) == post_keys("linkedin", ["222"])


def test_a_facebook_post_is_known_by_its_own_number() -> None:
    assert post_id("facebook", "111_222") == post_id("facebook", "222") == "222"
    assert post_keys("facebook", ["111_222"]) == post_keys("facebook", ["222"])


def test_pfbids_are_told_apart_by_case() -> None:
    first, second = (post_keys("facebook", [f"https://www.facebook.com/a/posts/pfbid0{end}"]) for end in "Aa")
    assert not set(first) & set(second)


@pytest.mark.parametrize(
    ("given_id", "url", "channel", "platform", "name"),
    [
        ("1900000000000000001", "", "", "x", "1900000000000000001"),
        ("1900000000000000001", "", "Twitter", "x", "https://x.com/a/status/1900000000000000001"),
        ("", "https://twitter.com/a/status/19", "", "x", "19"),
        ("https://x.com/a/status/19", "", "", "x", "19"),
        ("111_1827720132094663", "", "", "facebook", "1827720132094663"),
        ("1827720132094663", "", "facebook", "facebook", "111_1827720132094663"),
        (f"urn:li:activity:{ACTIVITY}", "", "", "linkedin", f"urn:li:activity:{ACTIVITY}"),
        (ACTIVITY, "", "linkedin", "linkedin", f"urn:li:share:{ACTIVITY}"),
        ("222", f"https://www.linkedin.com/posts/a-activity-{ACTIVITY}-b", "", "linkedin", "urn:li:share:222"),
        ("987", "", "google-ads", "google-ads", "987"),
    ],
)
def test_a_link_names_its_post_in_any_form(given_id: str, url: str, channel: str, platform: str, name: str) -> None:
    assert set(named_post_keys(given_id, url, channel)) & set(post_keys(platform, [name]))


def test_an_id_of_another_platform_is_another_post() -> None:
    named = named_post_keys("1900000000000000001", "", "linkedin")
    assert not set(named) & set(post_keys("x", ["1900000000000000001"]))


def test_a_short_id_names_no_post_unless_its_platform_is_known() -> None:
    assert named_post_keys("987", "", "summer") == ()
    assert named_post_keys("123456789", "", "") == ()
    assert named_post_keys("3d21b11eb1", "", "newsletter") == ("*:3d21b11eb1",)


@pytest.mark.parametrize(
    ("text", "name"),
    [(" Twitter ", "x"), ("Google Ads", "google-ads"), ("google_ads", "google-ads"), ("TikTok", "tiktok")],
)
def test_platforms_have_one_name(text: str, name: str) -> None:
    assert platform_named(text) == name


@given(st.text(max_size=80), st.sampled_from(["x", "linkedin", "facebook", "youtube", "other"]))
def test_no_text_breaks_the_reading_of_posts(text: str, platform: str) -> None:
    post_of_url(text)
    post_of_url(f"https://{text}")
    assert post_id(platform, post_id(platform, text)) == post_id(platform, text)
    named_post_keys(text, text, text)
