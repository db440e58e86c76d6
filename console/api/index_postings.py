"""Which links of a segment have a term: sets of places, as arrays where they are few and as bitmaps where many.

A segment is a stretch of 65,536 numbers of links, a place is a link's number less the segment's first. A term is
a label's number, or the bucket of three bytes that follow each other in a text. Buckets are shared by several such
threes, so what is found here may fit: the link itself decides.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

SEGMENT: Final = 65_536
"""Numbers of links in a segment: places are of 16 bits."""
_BITMAP_BYTES: Final = SEGMENT // 8
_MANY: Final = _BITMAP_BYTES // 2
"""So many places take as much room in an array as in a bitmap."""
_AT_ONCE_BYTES: Final = 1024 * 1024
"""Of texts that are looked through at once; some ten times as much memory is taken meanwhile."""
_GRAM: Final = 3
_SPREAD: Final = 0x9E3779B1
_LINE_END: Final = ord("\n")

Places = npt.NDArray[np.uint16]
"""Ascending, each once."""


class Posting(NamedTuple):
    """A term, and where it is."""

    term: int
    places: Places


def postings_of_texts(places: Places, texts: Sequence[bytes]) -> Iterator[Posting]:
    """The terms of texts in UTF-8, each at its place; no term goes over the end of a line. Places ascend."""
    parts = [_keys(places[start:end], texts[start:end]) for start, end in _stretches(texts)]
    keys = parts[0] if len(parts) == 1 else _distinct(np.concatenate([*parts, np.empty(0, np.uint32)]))
    terms = keys >> np.uint32(16)
    yield from _by_term(terms, (keys & np.uint32(0xFFFF)).astype(np.uint16))


def postings_of_labels(places: Places, labels: Sequence[Sequence[int]]) -> Iterator[Posting]:
    """The same of labels."""
    counts = np.fromiter(map(len, labels), np.int64, len(labels))
    numbers = np.fromiter(chain.from_iterable(labels), np.int64, int(counts.sum()))
    order = np.argsort(numbers, kind="stable")
    numbers, at = numbers[order], np.repeat(places, counts)[order]
    once = _first(numbers)
    once[1:] |= at[1:] != at[:-1]
    yield from _by_term(numbers[once], at[once])


def buckets(text: str) -> list[int]:
    """The terms of a text of one line, in its order."""
    content = np.frombuffer(text.encode(), np.uint8)
    return list(dict.fromkeys((_spread(content) >> np.uint32(16)).tolist()))


def packed(places: Places) -> bytes:
    """Places as they are kept."""
    if len(places) < _MANY:
        return places.astype("<u2").tobytes()
    there = np.zeros(SEGMENT, np.bool_)
    there[places] = True
    return np.packbits(there, bitorder="little").tobytes()


def with_places(content: bytes, places: Places) -> bytes:
    """What is kept, and these places."""
    if len(content) == _BITMAP_BYTES:
        bitmap = np.frombuffer(content, np.uint8).copy()
        np.bitwise_or.at(bitmap, places >> np.uint16(3), np.uint8(1) << (places & np.uint16(7)).astype(np.uint8))
        return bitmap.tobytes()
    known = np.frombuffer(content, "<u2")
    if len(known) + len(places) < _MANY and known[-1] < places[0]:
        return content + places.astype("<u2").tobytes()
    return packed(np.union1d(known, places))


def common(contents: Sequence[bytes]) -> Places:
    """The places that are in all of them, of which there is one at least."""
    bitmaps = [np.frombuffer(one, np.uint8) for one in contents if len(one) == _BITMAP_BYTES]
    arrays = sorted((np.frombuffer(one, "<u2") for one in contents if len(one) < _BITMAP_BYTES), key=len)
    if not arrays:
        return np.flatnonzero(np.unpackbits(np.bitwise_and.reduce(bitmaps), bitorder="little")).astype(np.uint16)
    places: Places = arrays[0]
    for other in arrays[1:]:
        if not len(places):
            break
        near = np.minimum(np.searchsorted(other, places), len(other) - 1)
        places = places[other[near] == places]
    for bitmap in bitmaps:
        places = places[(bitmap[places >> np.uint16(3)] >> (places & np.uint16(7)).astype(np.uint8)) & 1 == 1]
    return places


def _stretches(texts: Sequence[bytes]) -> Iterator[tuple[int, int]]:
    """From where to where texts are looked through at once, one at least."""
    start, size_bytes = 0, 0
    for at, text in enumerate(texts):
        if size_bytes and size_bytes + len(text) > _AT_ONCE_BYTES:
            yield start, at
            start, size_bytes = at, 0
        size_bytes += len(text) + 1
    yield start, len(texts)


def _keys(places: Places, texts: Sequence[bytes]) -> npt.NDArray[np.uint32]:
    """Buckets in the upper 16 bits, places in the lower; ascending, each once."""
    content = np.frombuffer(b"\n".join(texts), np.uint8)
    if len(content) < _GRAM:
        return np.empty(0, np.uint32)
    at = np.repeat(places.astype(np.uint32), np.fromiter(map(len, texts), np.int64, len(texts)) + 1)
    within = content != _LINE_END
    within = within[:-2] & within[1:-1] & within[2:]
    keys = _spread(content)
    keys &= np.uint32(0xFFFF0000)
    keys |= at[: len(keys)]
    return _distinct(keys[within])


def _spread(content: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint32]:
    """A number for each three bytes, whose upper half is their bucket."""
    threes = content[2:].astype(np.uint32)
    threes <<= np.uint32(8)
    threes |= content[1:-1]
    threes <<= np.uint32(8)
    threes |= content[:-2]
    threes *= np.uint32(_SPREAD)
    return threes


def _distinct(keys: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    keys.sort()
    return keys[_first(keys)]


def _first(ordered: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
    """Where something stands that did not stand just before."""
    first = np.empty(len(ordered), np.bool_)
    first[:1] = True
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return first


def _by_term(terms: npt.NDArray[np.integer], places: Places) -> Iterator[Posting]:
    """Of terms in order, those of a kind together."""
    if not len(terms):
        return
    starts = np.flatnonzero(_first(terms))
    ends = [*starts[1:].tolist(), len(terms)]
    for term, start, end in zip(terms[starts].tolist(), starts.tolist(), ends, strict=True):
        yield Posting(term, places[start:end])
