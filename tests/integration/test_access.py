"""Who may say what at the door of a running process: strangers, right and wrong tokens, what is kept of them."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from redirector.cache.writer import CacheWriter
from tests.integration.serve_process import Answer, Serve, post, running, wait_for
from tests.tokens import AS_WRITER, WRITER, bearer_of, secret_of

SHOWN = {"link": "go.example/launch", "kind": "viewable"}
WRONG = f"Authorization: Bearer {bearer_of(1)[:-1]}x"


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    with running(tmp_path, wrong_tokens_per_minute=3) as serve:
        yield serve


def say(serve: Serve, body: Any, *headers: str) -> Answer:
    with serve.connect() as client:
        client.send(post(json.dumps(body).encode(), *headers))
        return client.answer("POST")


def error_of(answer: Answer) -> str:
    return str(json.loads(answer.body)["error"])


def rejected(answer: Answer) -> list[str]:
    return [str(one["error"]) for one in json.loads(answer.body)["rejected"]]


def test_a_stranger_says_one_display_of_now_and_no_more(serve: Serve) -> None:
    answer = say(
        serve,
        [
            SHOWN,
            SHOWN | {"kind": "rendered", "source": "beacon", "count": 1},
            SHOWN | {"count": 1000},
            SHOWN | {"source": "api"},
            SHOWN | {"source": "platform", "kind": "platform"},
            SHOWN | {"kind": "served"},
            SHOWN | {"time_ms": 1_700_000_000_000},
        ],
    )
    assert (answer.status, json.loads(answer.body)["accepted"]) == (202, 2)
    assert all("send a token" in reason for reason in rejected(answer))
    assert [(one["source"], one["kind"], one.get("count", 1)) for one in serve.events()] == [
        ("beacon", "viewable", 1),
        ("beacon", "rendered", 1),
    ]


def test_a_stranger_sends_a_few_items_at_once_and_one_beyond_is_too_many(tmp_path: Path) -> None:
    with running(tmp_path, anonymous_items=2) as serve:
        assert [say(serve, [SHOWN] * count).status for count in (1, 2, 3)] == [202, 202, 413]
        assert say(serve, [SHOWN] * 3, AS_WRITER).status == 202
        assert len(serve.events()) == 6


def test_an_idempotency_key_needs_a_token(serve: Serve) -> None:
    answer = say(serve, [SHOWN], "Idempotency-Key: 1")
    assert (answer.status, answer.headers["www-authenticate"]) == (401, 'Bearer realm="clicktally"')
    assert serve.events() == []


def test_a_token_says_counts_sources_and_past_times(serve: Serve) -> None:
    an_hour_ago_ms = int(time.time() * 1000) - 3_600_000
    item = SHOWN | {"count": 1000, "time_ms": an_hour_ago_ms, "source": "platform", "kind": "platform"}
    assert say(serve, item, AS_WRITER).status == 202
    (event,) = serve.events()
    assert (event["source"], event["count"], event["time_ms"]) == ("platform", 1000, an_hour_ago_ms)


def test_a_token_of_an_account_counts_for_no_other_account(serve: Serve) -> None:
    answer = say(serve, [SHOWN, SHOWN | {"link": "go.example/acme"}], f"Authorization: Bearer {bearer_of(3)}")
    assert json.loads(answer.body)["accepted"] == 1
    assert "another account" in rejected(answer)[0]
    assert [event["link"] for event in serve.events()] == ["go.example/acme"]


@pytest.mark.parametrize(
    ("authorization", "status", "reason"),
    [
        (WRONG, 401, "unknown"),
        (f"Authorization: Bearer {bearer_of(99)}", 401, "unknown"),
        (f"Authorization: Bearer {bearer_of(4)}", 401, "expired"),
        (f"Authorization: Bearer {bearer_of(5)}", 401, "revoked"),
        ("Authorization: Basic dXNlcjpwYXNzd29yZA==", 401, "malformed"),
        (f"Authorization: Bearer {bearer_of(2)}", 403, "role"),
    ],
)
def test_who_is_not_let_in_is_told_what_to_do_and_counted(
    serve: Serve, authorization: str, status: int, reason: str
) -> None:
    answer = say(serve, SHOWN, authorization)
    assert (answer.status, "clicktally tokens create" in error_of(answer)) == (status, True)
    assert ("www-authenticate" in answer.headers) == (status == 401)
    assert serve.events() == []
    assert serve.scrape()[f'refused_total{{reason="{reason}"}}'] == 1


def test_too_many_wrong_tokens_of_an_address_are_told_to_wait_and_right_ones_are_not(serve: Serve) -> None:
    assert [say(serve, SHOWN, WRONG).status for _ in range(4)] == [401, 401, 401, 429]
    waiting = say(serve, SHOWN, WRONG)
    assert 1 <= int(waiting.headers["retry-after"]) <= 60
    assert say(serve, SHOWN, AS_WRITER).status == 202
    assert say(serve, SHOWN).status == 202
    assert serve.scrape()['refused_total{reason="too_many_tries"}'] == 2


def test_a_token_revoked_while_its_body_is_on_the_way_counts_nothing(serve: Serve, tmp_path: Path) -> None:
    request = post(json.dumps(SHOWN).encode(), AS_WRITER)
    with serve.connect() as client:
        client.send(request[:-1])
        assert say(serve, SHOWN, AS_WRITER).status == 202
        revoked = msgspec.structs.replace(WRITER, revoked_at_ms=1)
        cache = CacheWriter.open(tmp_path / "links")
        record = (revoked.key.encode(), msgspec.json.encode(revoked))
        cache.table("tokens").apply([record], next_offset=None, ready=True, now_s=0)
        cache.close()
        wait_for(lambda: say(serve, SHOWN, AS_WRITER).status == 401)
        client.send(request[-1:])
        assert client.answer("POST").status == 401
    assert len(serve.events()) == 1


def test_a_refused_body_is_not_read(serve: Serve) -> None:
    with serve.connect() as client:
        client.send(post(b"", WRONG).replace(b"Content-Length: 0", b"Content-Length: 1000000"))
        answer = client.answer("POST")
        assert (answer.status, answer.headers["connection"]) == (401, "close")
        assert client.is_closed()


def test_no_secret_is_kept_anywhere(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with running(tmp_path, log_level="DEBUG") as serve:
        for number in range(1, 6):
            say(serve, SHOWN, f"Authorization: Bearer {bearer_of(number)}")
        say(serve, SHOWN, WRONG)
        metrics = str(serve.scrape())
        serve.terminate()
    logged = "".join(capfd.readouterr())
    assert "listening" in logged
    secrets = [secret_of(number) for number in range(1, 6)]
    places = {
        "logs": logged.encode(),
        "metrics": metrics.encode(),
        **{str(path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()},
    }
    assert [name for name, content in places.items() for secret in secrets if secret.encode() in content] == []
    assert "127.0.0.1" not in logged
