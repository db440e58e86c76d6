"""What must be counted, read from the lines that were sent a second time, by other means than the replay itself."""

from collections import Counter
from collections.abc import Iterable
from urllib.parse import quote_from_bytes, unquote_to_bytes


def expected_clicks(lines: Iterable[bytes], domain: str) -> Counter[str]:
    """How often each link must be clicked: one click for a GET, none for any other method."""
    clicks: Counter[str] = Counter()
    for line in lines:
        words = line.split(b'"')[1].split() if line.count(b'"') > 1 else []
        if len(words) > 1 and words[0] == b"GET":
            path = words[1].split(b"?")[0]
            try:
                slug = unquote_to_bytes(path).decode()
            except UnicodeDecodeError:
                slug = quote_from_bytes(path, safe=bytes(range(0x21, 0x7F)))
            clicks[domain + "/" + slug[slug.startswith("/") :]] += 1
    return clicks
