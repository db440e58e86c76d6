"""A file that says of posts which link they carry: `post,link` and, where an id alone does not tell, `platform`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from console.csv_records import CsvRecords
from console.file_text import text_lines
from console.formula_guard import unguarded
from console.impressions.spreadsheets import FileError
from console.link_rows import RowError
from schemas.link_names import read_link_name
from schemas.links import LinkError
from schemas.posts import named_post_keys

POST_NAMES: Final = ("post", "post_id", "post_url", "permalink")
LINK_NAMES: Final = ("link", "short_link", "url")


class HasLink(Protocol):
    """The links that exist."""

    def has(self, key: str) -> bool:
        """Whether there is a link of this name."""


class MapFault(NamedTuple):
    """A line that maps nothing, and why."""

    line: int
    text: str


class PostMapping:
    """Links by what posts are compared by."""

    def __init__(self) -> None:
        self._links: dict[str, str] = {}

    def add(self, post: str, platform: str, link: str) -> str:
        """Say that a post carries a link; why not, or ""."""
        keys = named_post_keys(post, "", platform)
        if not keys:
            return f"post {post[:80]!r} is too short an id to be of any platform: name the platform beside it"
        for key in keys:
            if self._links.setdefault(key, link) != link:
                return f"post {post[:80]!r} has the link {self._links[key]} already: keep one of them"
        return ""

    def link_of(self, keys: Sequence[str]) -> str:
        """The link of a post with one of these keys; "" when nothing was said."""
        return next((self._links[key] for key in keys if key in self._links), "")

    def __len__(self) -> int:
        return len(self._links)


def read_mapping(path: Path, links: HasLink) -> tuple[PostMapping, list[MapFault]]:
    """The lines of a mapping file. Raises FileError when it is none, and OSError."""
    mapping, faults = PostMapping(), []
    with path.open("rb") as source, text_lines(source) as lines:
        records = CsvRecords(iter(lines))
        header = next(records, None)
        columns = _columns(header[1] if header else None)
        for line, cells in records:
            fault = _fault(cells, columns, mapping, links)
            if fault:
                faults.append(MapFault(line, fault))
    return mapping, faults


def _columns(header: "list[str] | RowError | None") -> tuple[int, int, int | None]:
    if header is None or isinstance(header, RowError):
        raise FileError("is no mapping: begin it with the header post,link")
    names = [name.strip().lower() for name in header]
    post = next((names.index(name) for name in POST_NAMES if name in names), None)
    link = next((names.index(name) for name in LINK_NAMES if name in names), None)
    if post is None or link is None:
        raise FileError(
            f"is no mapping: its header is {','.join(header)[:200]}, it should be post,link or post,link,platform"
        )
    return post, link, names.index("platform") if "platform" in names else None


def _fault(
    cells: "list[str] | RowError", columns: tuple[int, int, int | None], mapping: PostMapping, links: HasLink
) -> str:
    if isinstance(cells, RowError):
        return str(cells)
    post, link, platform = (
        unguarded(cells[number]).strip() if number is not None and number < len(cells) else "" for number in columns
    )
    if not link:
        return ""  # to be filled another time
    if not post:
        return "lacks its post: give its id or permalink"
    try:
        key = read_link_name(link)
    except LinkError as error:
        return str(error)
    if not links.has(key):
        return f"there is no link {key}: import it first, with `clicktally links import`"
    return mapping.add(post, platform, key)
