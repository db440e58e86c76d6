"""The links that exist, as matching asks for them."""

from collections.abc import Sequence

from console.link_snapshot import LinkSnapshot
from schemas.matching import PostIndex


class KnownLinks:
    """A snapshot of the topic; which posts its links name is looked up when first asked: it reads all of them."""

    def __init__(self, snapshot: LinkSnapshot) -> None:
        self._snapshot = snapshot
        self._posts: PostIndex | None = None

    def has(self, key: str) -> bool:
        """Whether there is a link of this name, in whatever form."""
        return self._snapshot.has(key)

    def of_post(self, keys: Sequence[str]) -> str:
        """The link that names a post with one of these keys as its own; "" when none does."""
        if self._posts is None:
            self._posts = PostIndex()
            for link in self._snapshot.links():
                if link.post_id or link.post_url:
                    self._posts.add(link.key, post_id=link.post_id, post_url=link.post_url, channel=link.channel)
        return self._posts.of_post(keys)
