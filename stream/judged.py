"""What a flush's rows need besides the columns: traffic classes, and an order in which ClickHouse need not sort."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.events import TRAFFIC_CLASSES, TrafficClass
from stream.classify import REPORTED, Classifier, Request, Verdict
from stream.columns import SOURCES, EventColumns, Ints
from stream.turns import Turns, at_once

_CLASS_CODES: Final = {traffic_class: code for code, traffic_class in enumerate(TRAFFIC_CLASSES)}
_PIXEL: Final = SOURCES.index("pixel")
_REPORTED_SOURCES: Final = [SOURCES.index("api"), SOURCES.index("platform")]
_MOST: Final = 2**63 - 1
TURN: Final = 100
"""Requests never seen before that are judged in one go: 1 ms, or 20 where each is the worst that was found."""


@dataclass(frozen=True, slots=True)
class Coded:
    """A text column by dictionary: row r holds texts[codes[r]]. No text is there twice, some may not occur."""

    codes: Ints
    texts: pa.StringArray

    def taken(self, order: Ints) -> "Coded":
        """The rows in this order."""
        return Coded(self.codes[order], self.texts)

    def extended(self, values: Iterable[str]) -> "Coded":
        """With these rows behind; for few of them and few texts."""
        places = {text: place for place, text in enumerate(self.texts.to_pylist())}
        codes = [places.setdefault(value, len(places)) for value in values]
        return Coded(np.concatenate([self.codes, np.array(codes, np.int64)]), pa.array(places, pa.string()))

    def by_dictionary(self) -> pa.DictionaryArray:
        """As Arrow sends what repeats."""
        return pa.DictionaryArray.from_arrays(self.codes.astype(narrowest(len(self.texts))), self.texts)


@dataclass(frozen=True, slots=True)
class Judged:
    """Rows of a flush, judged. `order` sorts them by (link, time), as `events` is sorted.

    `links` are coded by their rank in the order of their bytes, `coded` holds other text columns that had to be.
    `classes` holds places in TRAFFIC_CLASSES, `rules` is the number of the rule set that gave them.
    """

    columns: EventColumns
    order: Ints
    links: Coded
    coded: dict[str, Coded]
    classes: Ints
    reasons: Coded
    rules: int

    def by_class(self) -> Counter[TrafficClass]:
        """How many events have each traffic class."""
        counts = np.bincount(self.classes, minlength=len(TRAFFIC_CLASSES)).tolist()
        return Counter({name: count for name, count in zip(TRAFFIC_CLASSES, counts, strict=True) if count})


def judge(columns: EventColumns, classifier: Classifier) -> Judged:
    """Give every row its traffic class: the classifier is asked once for each different request."""
    return at_once(judging(columns, classifier))


def judging(columns: EventColumns, classifier: Classifier) -> Turns[Judged]:
    """`judge` in turns: whoever drives it may do other things after each, while nobody changes the columns.

    A turn is few requests never seen before. They cost 10 µs each, or hundreds where somebody wants them to, and
    a flush may hold a hundred thousand.
    """
    links = _ranked(coded(columns.text("link")))
    texts = {name: coded_column(columns, name) for name in ("ua", "purpose", "network")}
    sources = columns.number("source")
    pixels = Coded((sources == _PIXEL).astype(np.int64), pa.array(["", "pixel"]))
    requests, distinct = combined(*texts.values(), pixels)
    verdicts: list[Verdict] = []
    fresh = 0
    for ua, purpose, network, pixel in distinct:
        request = Request(ua, purpose, network, pixel != "")
        verdict = classifier.known(request)
        if verdict is None:
            verdict = classifier.verdict(request)
            fresh += 1
            if fresh % TURN == 0:
                yield
        verdicts.append(verdict)
    verdicts.append(REPORTED)
    reported = np.isin(sources, _REPORTED_SOURCES)
    requests[reported] = len(verdicts) - 1
    return Judged(
        columns,
        order=_order(links.codes, columns.number("time_ms")),
        links=links,
        coded=texts,
        classes=np.array([_CLASS_CODES[verdict.traffic_class] for verdict in verdicts], np.int64)[requests],
        reasons=coded(pa.array([verdict.reason for verdict in verdicts], pa.string())).taken(requests),
        rules=classifier.number,
    )


def narrowest(size: int) -> type[np.signedinteger[Any]]:
    """What holds the places of so many texts."""
    if size <= 2**7:
        return np.int8
    return np.int16 if size <= 2**15 else np.int32


def coded(texts: pa.StringArray) -> Coded:
    """A text column by dictionary."""
    encoded = texts.dictionary_encode()
    return Coded(encoded.indices.to_numpy().astype(np.int64), encoded.dictionary)


def coded_column(columns: EventColumns, name: str) -> Coded:
    """A text column of events by dictionary; one without any text is not looked at."""
    return repeated("", len(columns)) if columns.is_blank(name) else coded(columns.text(name))


def repeated(text: str, rows: int) -> Coded:
    """One text in every row."""
    return Coded(np.zeros(rows, np.int64), pa.array([text], pa.string()))


def distinct_of(numbers: Ints) -> tuple[Ints, Ints]:
    """Which numbers occur, and for each row the place of its number among them. By hashing, hence in no order."""
    encoded = pa.array(numbers).dictionary_encode()
    return encoded.indices.to_numpy().astype(np.int64), encoded.dictionary.to_numpy()


def combined(*columns: Coded) -> tuple[Ints, list[tuple[str, ...]]]:
    """Which combinations of texts occur, and for each row the place of its own among them."""
    numbers = columns[0].codes
    for column in columns[1:]:
        numbers = numbers * len(column.texts) + column.codes
    places, distinct = distinct_of(numbers)
    texts: list[list[str]] = []
    for column in reversed(columns[1:]):
        distinct, codes = np.divmod(distinct, len(column.texts))
        texts.append(column.texts.take(codes).to_pylist())
    texts.append(columns[0].texts.take(distinct).to_pylist())
    return places, list(zip(*reversed(texts), strict=True))


def _ranked(texts: Coded) -> Coded:
    order = pc.sort_indices(texts.texts)
    ranks = np.empty(len(order), np.int64)
    ranks[order.to_numpy()] = np.arange(len(order))
    return Coded(ranks[texts.codes], texts.texts.take(order))


def _order(ranks: Ints, times: Ints) -> Ints:
    """Rows by (rank, time, row). One number a row sorts several times faster than row numbers by two keys."""
    rows = len(ranks)
    if not rows:
        return np.empty(0, np.int64)
    first, last = int(times.min()), int(times.max())
    span = last - first + 1
    places = (int(ranks.max()) + 1) * span
    keys = ranks * span + (times - first)
    if places * rows > _MOST:
        return np.argsort(keys, kind="stable") if places <= _MOST else np.lexsort((times, ranks))
    sorted_keys = np.sort(keys * rows + np.arange(rows))
    order: Ints = sorted_keys % rows
    return order
