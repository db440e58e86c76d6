"""Everything that the tables must say, from the list of what was sent; only the order comes from Kafka's log."""

from collections import Counter
from collections.abc import Iterable, Sequence

from tests.campaign.cast import Post
from tests.campaign.counted import Numbers
from tests.campaign.expected import changes, newest_totals, unmatched
from tests.campaign.sending import Sent
from tests.campaign.stated import StatedTotal


def wanted(sent: Sent, posts: Sequence[Post], log: Iterable[tuple[str, StatedTotal]], today: str) -> Numbers:
    """The order decides into which day a difference falls; totals of links and campaigns follow without it."""
    numbers: Numbers = Counter({("said", *one): 1 for one in sent.stated})
    campaigns = {post.link: post.campaign for post in posts if post.link}
    for (link, visit_class, day), count in sent.clicks.items():
        numbers["clicks", link, visit_class, today if day == "now" else day] += count
        if visit_class == "human":
            numbers["campaign_performance", campaigns[link], "clicks"] += count
    for counts_as in sent.mails.values():
        link, _, _, kind, _ = counts_as
        numbers["impressions", *counts_as] += 1
        if kind == "platform":
            numbers["campaign_performance", campaigns[link], "impressions"] += 1
    for link, total in newest_totals(sent.stated, links_of(posts)).items():
        numbers["totals", link] += total
        numbers["campaign_performance", campaigns[link], "impressions"] += total
    changed = changes(log)
    for (link, source, day), count in changed.impressions.items():
        numbers["impressions", link, source, "human", "platform", day] += count
    for revision, count in changed.revisions.items():
        numbers["revisions", *revision] += count
    return numbers


def wanted_unmatched(sent: Sent, posts: Sequence[Post]) -> Numbers:
    """The posts that must be listed as having no link, by their newest total."""
    return Counter({("unmatched", *post): total for post, total in unmatched(sent.stated, links_of(posts)).items()})


def links_of(posts: Sequence[Post]) -> dict[tuple[str, str], str]:
    """The link of each post, "" for none."""
    return {(post.platform, post.id): post.link for post in posts}
