"""`POST /v1/snapshots/{platform}` of a real process: who may, what is kept, what is said of the rest."""

import gzip
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.integration.serve_process import Serve, get, post, running
from tests.tokens import bearer_of
from tests.unit.schemas.platforms.payloads import PAYLOADS

X: Final = {
    "data": [
        {
            "id": "1900000000000000001",
            "public_metrics": {"impression_count": 4210},
            "entities": {"urls": [{"expanded_url": "https://go.example/launch?utm_source=x"}]},
        },
        {"id": "1900000000000000003", "public_metrics": {"impression_count": 7}},
    ],
    "errors": [{"title": "Not Found Error", "value": "1900000000000000002"}],
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    with running(tmp_path_factory.mktemp("snapshots")) as started:
        yield started


def send(
    serve: Serve, body: Any, path: str = "/v1/snapshots/x", *headers: str, bearer: str = bearer_of(1)
) -> tuple[int, Any, dict[str, str]]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    with serve.connect() as client:
        client.send(post(raw, f"Authorization: Bearer {bearer}", *headers, path=path))
        answer = client.answer("POST")
    return answer.status, json.loads(answer.body), answer.headers


def kept(serve: Serve, before: int) -> list[dict[str, Any]]:
    return serve.events()[before:]


def recent(payload: object) -> object:
    """The same answer with the days of this week."""
    text = json.dumps(payload)
    for ago, day in ((3, "2026-11-01"), (2, "2026-11-02"), (1, "2026-11-03")):
        text = text.replace(day, time.strftime("%Y-%m-%d", time.gmtime(time.time() - ago * 86_400)))
    return json.loads(text)


def test_posts_are_kept_with_and_without_a_link_and_the_platforms_errors_are_told(shared: Serve) -> None:
    before = len(shared.events())
    status, answer, _ = send(shared, X)
    assert (status, answer["accepted"]) == (202, 2)
    assert answer["unmatched"] == [{"place": "data[1]", "post": "1900000000000000003"}]
    assert [one["place"] for one in answer["rejected"]] == ["errors[0]"]
    first, second = kept(shared, before)
    assert (first["type"], first["link"], first["total"]) == ("snapshot", "go.example/launch", 4210)
    assert "link" not in second
    assert second["seq"] == first["seq"] + 1


def test_what_is_posted_is_counted_by_result(shared: Serve) -> None:
    def counted() -> list[float]:
        metrics = shared.scrape()
        return [metrics[f'snapshots_total{{result="{one}"}}'] for one in ("matched", "unmatched", "rejected")]

    before = counted()
    send(shared, X)
    assert [after - was for after, was in zip(counted(), before, strict=True)] == [1, 1, 1]
    assert shared.scrape()['requests_total{outcome="snapshots"}'] > 0


@pytest.mark.parametrize(("platform", "payload"), PAYLOADS)
def test_what_each_platform_answers_is_kept(shared: Serve, platform: str, payload: object) -> None:
    query = "?time_zone=UTC&post=178&granularity=daily"
    before = len(shared.events())
    status, answer, _ = send(shared, recent(payload), f"/v1/snapshots/{platform}{query}")
    assert status == 202, answer
    assert answer["accepted"] == len(kept(shared, before)) > 0


def test_a_link_may_be_said_for_all_in_the_query_or_for_each_in_an_envelope(shared: Serve) -> None:
    before = len(shared.events())
    envelope = {"payload": X, "links": {"https://x.com/a/status/1900000000000000003": "https://go.example/later"}}
    assert send(shared, envelope)[1]["unmatched"] == []
    assert send(shared, X, "/v1/snapshots/x?link=go.example/moved")[1]["unmatched"] == []
    assert [one["link"] for one in kept(shared, before)] == [
        "go.example/launch",
        "go.example/later",
        "go.example/moved",
        "go.example/moved",
    ]


def test_without_a_token_or_without_the_role_nothing_is_taken(shared: Serve) -> None:
    before = len(shared.events())
    with shared.connect() as client:
        client.send(post(json.dumps(X).encode(), path="/v1/snapshots/x"))
        assert client.answer("POST").status == 401
    assert send(shared, X, bearer=bearer_of(2))[0] == 403
    assert send(shared, X, bearer=bearer_of(5))[0] == 401
    assert kept(shared, before) == []


def test_a_token_of_an_account_says_nothing_of_other_links(shared: Serve) -> None:
    before = len(shared.events())
    status, answer, _ = send(shared, X, bearer=bearer_of(3))
    assert (status, answer["accepted"]) == (202, 1)
    assert "another account" in answer["rejected"][-1]["error"]
    (unmatched,) = kept(shared, before)
    assert (unmatched["post"], unmatched["account"]) == ("1900000000000000003", "acme")
    assert send(shared, X, "/v1/snapshots/x?link=go.example/acme", bearer=bearer_of(3))[1]["accepted"] == 2


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/snapshots/myspace", X, 404),
        ("/v1/snapshots/", X, 404),
        ("/v1/snapshots/facebook", X, 422),
        ("/v1/snapshots/x", b'{"data":[', 422),
        ("/v1/snapshots/x", b"[" * 100_000, 422),
        ("/v1/snapshots/x", b"", 400),
        ("/v1/snapshots/x?observd_at=1", X, 400),
        ("/v1/snapshots/x?link=nothing", X, 400),
        ("/v1/snapshots/x", {"title": "Unauthorized", "detail": "expired"}, 422),
        ("/v1/snapshots/x", {"data": [{"id": "1", "public_metrics": {"impression_count": -3}}]}, 422),
        ("/v1/snapshots/x", {"data": [{"id": "1", "public_metrics": {"impression_count": "12"}}]}, 422),
        ("/v1/snapshots/x?observed_at=2032-01-01T00:00:00Z", X, 422),
        ("/v1/snapshots/x", {"data": [{"id": str(one)} for one in range(5001)]}, 413),
    ],
)
def test_what_cannot_be_counted_is_refused_with_a_reason(
    shared: Serve, path: str, body: object, status: int
) -> None:
    before = len(shared.events())
    answered, answer, _ = send(shared, body, path)
    assert (answered, kept(shared, before)) == (status, [])
    assert answer["error"]


def test_a_hundred_megabytes_are_refused_unread(shared: Serve) -> None:
    with shared.connect() as client:
        token = f"Authorization: Bearer {bearer_of(1)}"
        client.send(get("/v1/snapshots/x", token, "Content-Length: 104857600", method="POST"))
        assert client.answer("POST").status == 413
    status, answer, _ = send(
        shared, gzip.compress(b" " * (100 << 20), 9), "/v1/snapshots/x", "Content-Encoding: gzip"
    )
    assert (status, "longer than" in answer["error"]) == (413, True)


def test_a_packed_body_is_unpacked(shared: Serve) -> None:
    packed = gzip.compress(json.dumps(X).encode())
    assert send(shared, packed, "/v1/snapshots/x", "Content-Encoding: gzip")[1]["accepted"] == 2
    assert send(shared, packed[:-1], "/v1/snapshots/x", "Content-Encoding: gzip")[0] == 400


def test_only_post_is_taken(shared: Serve) -> None:
    with shared.connect() as client:
        client.send(get("/v1/snapshots/x"))
        answer = client.answer()
        assert (answer.status, answer.headers["allow"]) == (405, "POST, OPTIONS")


def test_the_same_bytes_under_a_key_are_kept_once_and_other_bytes_refused(tmp_path: Path) -> None:
    with running(tmp_path) as serve:
        key = "Idempotency-Key: hourly-1"
        assert send(serve, X, "/v1/snapshots/x", key)[1]["accepted"] == 2
        status, answer, headers = send(serve, X, "/v1/snapshots/x", key)
        assert (status, answer["accepted"], headers["idempotency-replayed"]) == (202, 2, "true")
        assert send(serve, X, "/v1/snapshots/x?link=go.example/moved", key)[0] == 422
        assert [one["seq"] for one in serve.events()] == [1, 2]
        assert len({one["spool"] for one in serve.events()}) == 1


def test_under_a_key_a_total_that_is_refused_holds_all_back_and_a_deleted_post_does_not(tmp_path: Path) -> None:
    with running(tmp_path) as serve:
        envelope = {"payload": X, "links": {"1900000000000000003": "go.example/soon"}}
        status, answer, _ = send(serve, envelope, "/v1/snapshots/x", "Idempotency-Key: a")
        assert (status, answer["accepted"], serve.events()) == (422, 0, [])
        assert send(serve, X, "/v1/snapshots/x", "Idempotency-Key: a")[1]["accepted"] == 2
