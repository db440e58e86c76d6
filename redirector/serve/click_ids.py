"""Random ids of clicks, drawn many at a time: the kernel takes as long for one as for all of them."""

import os
from base64 import urlsafe_b64encode
from typing import Final

ID_CHARS: Final = 12
"""72 random bits: among a billion clicks two are the same with a chance of one in ten thousand."""
_DRAWN: Final = 512


class ClickIds:
    """Ids that say nothing of their click, and that nobody can guess from others."""

    def __init__(self) -> None:
        self._drawn = ""
        self._at = 0

    def next(self) -> str:
        """An id: 12 characters that a URL can hold."""
        at = self._at
        if at >= len(self._drawn):
            self._drawn, at = urlsafe_b64encode(os.urandom(_DRAWN * ID_CHARS * 3 // 4)).decode(), 0
        self._at = at + ID_CHARS
        return self._drawn[at : at + ID_CHARS]
