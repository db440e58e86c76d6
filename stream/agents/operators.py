"""An operator's own rules, in files."""

from pathlib import Path

from stream.agents.iab import read_iab
from stream.agents.lists import lines_of
from stream.agents.matcher import PatternError
from stream.agents.rules import Rules


def rules_of(include: str = "", exclude: str = "", iab: str = "") -> Rules:
    """The rule set with an operator's files, "" where there is none; `iab` may be several, by commas.

    Raises PatternError, IabError, OSError: each says which file or pattern.
    """
    bought = [entry for path in iab.split(",") if path.strip() for entry in read_iab(Path(path.strip()))]
    return Rules(_read(include), _read(exclude), bought)


def _read(path: str) -> list[str]:
    if not path:
        return []
    try:
        return lines_of(Path(path).read_text("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise PatternError(f"{path} is not UTF-8 ({error}): save it as UTF-8, one pattern a line") from error
