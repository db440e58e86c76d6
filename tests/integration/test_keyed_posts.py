"""Idempotency keys at the door: whole or not at all, the same bytes once, other bytes never silently."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from redirector.cache.writer import CacheWriter
from schemas.links import LINK_VERSION, Link
from tests.integration.serve_process import LINKS, Serve, post, running, write_links
from tests.tokens import bearer_of

BEARER: Final = bearer_of(1)
OTHER_BEARER: Final = bearer_of(6)
ITEM: Final = {"link": "go.example/launch", "kind": "rendered"}


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    with running(tmp_path) as started:
        yield started


def send(serve: Serve, body: Any, key: str, *headers: str, bearer: str = BEARER) -> tuple[int, Any, dict[str, str]]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    with serve.connect() as client:
        client.send(post(raw, f"Idempotency-Key: {key}", f"Authorization: Bearer {bearer}", *headers))
        answer = client.answer("POST")
    return answer.status, json.loads(answer.body), answer.headers


def identities(serve: Serve) -> list[tuple[str, int]]:
    return [(event["spool"], event["seq"]) for event in serve.events()]


def change(directory: Path, key: str, value: bytes | None) -> None:
    """Put a link into the cache, or take it away, as the relay would."""
    writer = CacheWriter.open(directory / "links")
    try:
        writer.table("links").apply([(key.encode(), value)], next_offset=None, ready=True, now_s=0)
    finally:
        writer.close()


def keyed(serve: Serve) -> dict[str, float]:
    results = ("counted", "repeated", "rejected", "reused")
    metrics = serve.scrape()
    return {result: metrics[f'keyed_requests_total{{result="{result}"}}'] for result in results}


def test_a_keyed_request_with_a_bad_item_counts_nothing_and_its_key_does_for_the_corrected_one(
    serve: Serve,
) -> None:
    body: list[Any] = [ITEM, {**ITEM, "link": "go.example/unknown"}, ITEM, {**ITEM, "count": 0}]
    status, answer, _ = send(serve, body, "order-1")
    assert (status, answer["accepted"], [one["index"] for one in answer["rejected"]]) == (422, 0, [1, 3])
    assert "nothing was counted: 2 of 4 items" in answer["error"]
    assert serve.events() == []
    status, answer, _ = send(serve, [ITEM] * 4, "order-1")
    assert (status, answer) == (202, {"accepted": 4, "rejected": []})
    assert [seq for _, seq in identities(serve)] == [1, 2, 3, 4]
    assert keyed(serve) == {"counted": 1, "repeated": 0, "rejected": 1, "reused": 0}


def test_the_same_request_after_its_unknown_link_was_imported_is_counted(serve: Serve, tmp_path: Path) -> None:
    body = [ITEM, {**ITEM, "link": "go.example/soon"}]
    assert send(serve, body, "order-1")[0] == 422
    soon = Link(domain="go.example", slug="soon", destination="https://example.com/soon")
    write_links(tmp_path / "links", [*LINKS, soon])
    status, answer, _ = send(serve, body, "order-1")
    assert (status, answer["accepted"], len(serve.events())) == (202, 2, 2)


def test_the_same_bytes_again_are_answered_as_before_whatever_became_of_the_links(
    serve: Serve, tmp_path: Path
) -> None:
    first = send(serve, [ITEM] * 3, "order-1")
    change(tmp_path, ITEM["link"], None)
    assert send(serve, [ITEM] * 3, "order-2")[0] == 422
    again = send(serve, gzip.compress(json.dumps([ITEM] * 3).encode()), "order-1", "Content-Encoding: gzip")
    assert (first[:2], again[:2]) == ((202, {"accepted": 3, "rejected": []}),) * 2
    assert again[2]["idempotency-replayed"] == "true"
    assert len(serve.events()) == 3
    assert keyed(serve)["repeated"] == 1


@pytest.mark.parametrize("changed", [[{**ITEM, "count": 2}], [{**ITEM, "link": "go.example/"}], [ITEM, ITEM]])
def test_other_bytes_under_a_key_that_was_counted_are_refused(serve: Serve, changed: list[Any]) -> None:
    assert send(serve, [ITEM], "order-1")[0] == 202
    status, answer, _ = send(serve, changed, "order-1")
    assert (status, answer["accepted"], "another key" in answer["error"]) == (422, 0, True)
    assert len(serve.events()) == 1
    assert keyed(serve)["reused"] == 1


def test_a_link_that_a_newer_release_wrote_keeps_the_request_for_later(serve: Serve, tmp_path: Path) -> None:
    newer = msgspec.structs.replace(LINKS[0], v=LINK_VERSION + 1)
    change(tmp_path, newer.key, msgspec.json.encode(newer))
    for body in ([ITEM], [{**ITEM, "link": "go.example/"}, ITEM]):
        status, answer, headers = send(serve, body, "order-1")
        assert (status, "retry-after" in headers, "upgrade" in answer["error"]) == (503, True, True)
    assert serve.events() == []


def test_two_clients_with_the_same_key_are_two(serve: Serve) -> None:
    for bearer in (BEARER, OTHER_BEARER):
        assert send(serve, [ITEM], "1", bearer=bearer)[0] == 202
    assert len(set(identities(serve))) == 2
    assert send(serve, [{**ITEM, "count": 5}], "1", bearer=OTHER_BEARER)[0] == 422


def test_the_source_in_the_address_is_part_of_what_was_said(serve: Serve) -> None:
    raw = json.dumps([ITEM]).encode()
    with serve.connect() as client:
        for path, status in (("?source=api", 202), ("?source=platform", 422), ("?source=api", 202)):
            head = ("Idempotency-Key: order-1", f"Authorization: Bearer {BEARER}")
            client.send(post(raw, *head, path="/v1/impressions" + path))
            assert client.answer("POST").status == status
    assert len(serve.events()) == 1


def test_the_processes_of_a_host_know_each_others_keys_and_so_do_those_that_follow(tmp_path: Path) -> None:
    with running(tmp_path) as first, Serve(tmp_path) as second:
        assert send(first, [ITEM], "order-1")[0] == 202
        assert send(second, [ITEM], "order-1")[2]["idempotency-replayed"] == "true"
        assert send(second, [ITEM, ITEM], "order-1")[0] == 422
        first.kill()
        assert send(second, [ITEM, ITEM], "order-1")[0] == 422
    with Serve(tmp_path) as third:
        assert send(third, [ITEM, ITEM], "order-1")[0] == 422
        assert len(third.events()) == 1


def test_another_host_counts_the_same_bytes_as_the_same_events_and_other_bytes_as_others(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    with running(tmp_path / "one") as one, running(tmp_path / "two") as two:
        for host in (one, two):
            assert send(host, [ITEM] * 3, "order-1")[0] == 202
        assert identities(one) == identities(two)
        assert send(one, [ITEM], "order-2")[0] == 202
        assert send(two, [{**ITEM, "count": 7}], "order-2")[0] == 202
        assert set(identities(one)[3:]).isdisjoint(identities(two)[3:])


def test_two_keys_in_one_request_are_400(serve: Serve) -> None:
    status, answer, _ = send(serve, [ITEM], "order-1", "Idempotency-Key: order-2")
    assert (status, answer["error"]) == (400, "2 Idempotency-Key headers: send one")
    assert serve.events() == []


@pytest.mark.parametrize(("key", "status"), [("x", 202), ("x" * 255, 202), ("x" * 256, 400), ("", 400)])
def test_a_key_has_a_length(serve: Serve, key: str, status: int) -> None:
    assert send(serve, [ITEM], key)[0] == status


def test_without_a_key_good_items_count_and_a_request_without_any_is_422(serve: Serve) -> None:
    bad = {**ITEM, "count": 0}
    for body, status, accepted in (([ITEM, bad], 202, 1), ([bad], 422, 0), ([], 202, 0)):
        with serve.connect() as client:
            client.send(post(json.dumps(body).encode(), f"Authorization: Bearer {BEARER}"))
            answer = client.answer("POST")
        assert (answer.status, json.loads(answer.body)["accepted"]) == (status, accepted)
    assert len(serve.events()) == 1
