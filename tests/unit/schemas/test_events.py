import msgspec
import pytest

from schemas.events import (
    LINK_MAX_BYTES,
    UA_MAX_CHARS,
    Click,
    ClickRouting,
    Event,
    Impression,
    ImpressionRouting,
    Routing,
)

decode = msgspec.json.Decoder(Click | Impression).decode


def test_the_smallest_events_are_their_required_fields() -> None:
    assert msgspec.json.encode(Click(time_ms=1, link="a/")) == b'{"type":"click","time_ms":1,"link":"a/"}'
    shown = Impression(time_ms=1, link="a/", source="api", kind="viewable")
    assert msgspec.json.encode(shown) == (
        b'{"type":"impression","time_ms":1,"link":"a/","source":"api","kind":"viewable"}'
    )


def test_a_field_of_a_newer_producer_is_ignored() -> None:
    newer = b'{"type":"click","time_ms":1,"link":"a/b","colour":["red"]}'
    assert decode(newer) == Click(time_ms=1, link="a/b")


@pytest.mark.parametrize(
    "change",
    [
        {"time_ms": -1},
        {"time_ms": 2**53},
        {"time_ms": "1"},
        {"time_ms": 1.5},
        {"link": "a"},
        {"link": "a" * (LINK_MAX_BYTES + 1)},
        {"seq": -1},
        {"seq": 2**53},
        {"spool": "s" * 65},
        {"visitor": 2**53},
        {"ua": "u" * (UA_MAX_CHARS + 1)},
        {"ua": None},
        {"purpose": "p" * 65},
        {"v": 0},
        {"type": "view"},
    ],
)
def test_a_value_out_of_its_bounds_is_no_event(change: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        decode(msgspec.json.encode({"type": "click", "time_ms": 1, "link": "a/b"} | change))


@pytest.mark.parametrize("change", [{"source": "tv"}, {"kind": "seen"}, {"count": 0}, {"count": 10**9 + 1}])
def test_an_impression_has_a_known_source_and_kind_and_a_count(change: dict[str, object]) -> None:
    shown = {"type": "impression", "time_ms": 1, "link": "a/b", "source": "api", "kind": "served"}
    assert decode(msgspec.json.encode(shown)) == Impression(time_ms=1, link="a/b", source="api", kind="served")
    with pytest.raises(msgspec.ValidationError):
        decode(msgspec.json.encode(shown | change))


@pytest.mark.parametrize(
    "event",
    [
        Click(time_ms=1, link="a/b", seq=7, spool="k1", ua="x"),
        Impression(time_ms=1, link="a/b", source="api", kind="served", seq=7, spool="k1", count=4),
    ],
)
def test_the_relay_reads_of_an_event_what_it_needs(event: Event) -> None:
    kind = ClickRouting if isinstance(event, Click) else ImpressionRouting
    routing: Routing = msgspec.json.decode(msgspec.json.encode(event), type=Routing)
    assert routing == kind(link="a/b", seq=7, spool="k1")
