"""What a letter in the topic `dead-letters` keeps of bytes that are no event."""

from typing import Final

from schemas.batches import Headers

KEPT_BYTES: Final = 64 * 1024
"""Of what is too large only its beginning is kept: enough to see what it was."""

CUT: Final = "cut"


def cut_header(cut_bytes: int) -> Headers:
    """Says how many bytes are missing at the end of a letter; nothing where it is whole."""
    return [(CUT, b"%d" % cut_bytes)] if cut_bytes else []
