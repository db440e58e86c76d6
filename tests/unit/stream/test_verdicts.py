"""Whoever asks for a class gets the one that the stream would give."""

import msgspec
import pytest

from stream.classify import Classifier, Request
from stream.verdicts import Asked, Judged, verdicts

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier()


def answer(classifier: Classifier, asked: Asked) -> Judged:
    (line,) = verdicts([msgspec.json.encode(asked) + b"\n"], classifier)
    return msgspec.json.decode(line, type=Judged)


@pytest.mark.parametrize(
    ("asked", "traffic_class", "reason"),
    [
        (Asked(CHROME), "human", ""),
        (Asked("curl/8.5.0"), "bot", "user_agent"),
        (Asked(CHROME, "prefetch;prerender"), "prefetch", "purpose"),
        (Asked(CHROME, "", "datacenter"), "bot", "network"),
        (Asked(CHROME, "", "office"), "bot", "office"),
        (Asked(), "unknown", "no_user_agent"),
    ],
)
def test_a_request_gets_its_class(classifier: Classifier, asked: Asked, traffic_class: str, reason: str) -> None:
    judged = answer(classifier, asked)
    assert (judged.traffic_class, judged.reason, judged.rules) == (traffic_class, reason, classifier.number)
    assert (judged.traffic_class, judged.reason) == classifier.verdict(
        Request(asked.ua, asked.purpose, asked.network)
    )


def test_a_line_that_asks_nothing_ends_the_process(classifier: Classifier) -> None:
    with pytest.raises(msgspec.DecodeError):
        list(verdicts([b'{"agent":"x"}\n'], classifier))
