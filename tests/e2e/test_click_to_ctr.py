"""From a GET to a CTR row: two serve processes, a relay, stream workers that come and go, Kafka and ClickHouse."""

import signal
import time

import msgspec

from schemas.events import IMPRESSION_KINDS, IMPRESSION_SOURCES
from tests.builders import BROWSER
from tests.e2e.pipeline import HOST, SLUGS, Pipeline
from tests.integration.serve_process import get, post
from tests.integration.streams import wait_for
from tests.tokens import AS_WRITER
from tests.unit.redirector.serve.webhooks.providers import as_sendgrid

LONGEST_WINDOW_S = 60
"""Between the two taps a worker counts and dies, which takes a busy machine longer than the usual window."""


def test_every_click_and_impression_is_counted_once_in_its_own_column(pipeline: Pipeline) -> None:
    streams = pipeline.streams
    first, second = streams.start(), streams.start()
    pipeline.traffic(8)
    wait_for(lambda: first.ready and second.ready, "the workers are ready", streams.workers)
    pipeline.traffic(8)
    assert first.terminate() == 0
    third = streams.start()
    pipeline.traffic(8)
    wait_for(lambda: third.ready, "the third worker is ready", streams.workers)
    second.send(signal.SIGKILL)
    pipeline.traffic(8)
    wait_for(lambda: pipeline.counted() == pipeline.expected, "the books agree", streams.workers)
    streams.assert_chain_unbroken()
    served = [serve.scrape() for serve in pipeline.serving]
    assert all(one["events_appended_total"] for one in served), "both processes had requests"
    rows = streams.http.rows(
        "SELECT link, impression_kind, sum(clicks) / sum(impressions) FROM ctr_1d WHERE impressions > 0"
        " GROUP BY link, impression_kind ORDER BY link"
    )
    assert rows == [[f"{HOST}/launch", "viewable", "1.6"], [f"{HOST}/spring", "served", "2"]]
    gross = streams.number("SELECT sum(gross_clicks) FROM ctr_1d")
    assert gross == sum(count for (_, column), count in pipeline.expected.items() if column.endswith("clicks"))
    assert streams.http.rows("SELECT link, campaign FROM links FINAL ORDER BY link") == [
        [f"{HOST}/{slug}", "spring"] for slug in sorted(SLUGS)
    ]
    humans = "type = 'click' AND class = 'human'"
    exact = f"SELECT link, uniqExact(visitor) FROM events WHERE {humans} GROUP BY link ORDER BY link"
    between = "since = now() - INTERVAL 1 DAY, until = now() + INTERVAL 1 DAY"
    uniques = streams.http.rows(f"SELECT link, unique_clicks FROM link_uniques_between({between}) ORDER BY link")
    assert uniques == streams.http.rows(exact)
    assert len(uniques) == len(SLUGS)
    assert [one.terminate() for one in pipeline.serving] == [0, 0]
    missed = "SELECT domain, slug, reason, sum(requests) FROM unknown_slugs GROUP BY ALL"
    wait_for(
        lambda: streams.http.rows(missed) == [[HOST, "nothing", "unknown", "32"]],
        "what was asked for in vain is counted",
        streams.workers,
    )


def test_a_head_a_preview_a_prefetch_and_a_double_tap_are_one_human_click(pipeline: Pipeline) -> None:
    streams = pipeline.streams
    first = streams.start(duplicate_window_s=LONGEST_WINDOW_S)
    wait_for(lambda: first.ready, "the worker is ready", streams.workers)
    me, human = pipeline.somebody_else(), f"User-Agent: {BROWSER}"
    preview = "User-Agent: facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"
    tap = get("/launch", me, human)
    for request in (
        get("/launch", me, human, method="HEAD"),
        get("/launch", me, preview),
        get("/launch", me, human, "Sec-Purpose: prefetch"),
        tap,
    ):
        assert pipeline.say(request) == 302
    launch = f"{HOST}/launch"
    pipeline.expected.update({(launch, name): 1 for name in ("clicks", "bot_clicks", "prefetch_clicks")})
    wait_for(lambda: pipeline.counted() == pipeline.expected, "one click", streams.workers)
    # Who takes over remembers the click.
    first.send(signal.SIGKILL)
    second = streams.start(duplicate_window_s=LONGEST_WINDOW_S)
    assert pipeline.say(tap) == 302
    pipeline.expected[launch, "duplicate_clicks"] = 1
    wait_for(lambda: pipeline.counted() == pipeline.expected, "the double tap", [second])
    assert streams.http.rows("SELECT class, reason FROM events WHERE link = 'go.example/launch' ORDER BY ALL") == [
        ["bot", "user_agent"],
        ["duplicate", "double_click"],
        ["human", ""],
        ["prefetch", "purpose"],
    ]
    streams.assert_chain_unbroken()


def test_what_platforms_and_mail_providers_tell_is_counted_once_however_often_they_do(pipeline: Pipeline) -> None:
    streams = pipeline.streams
    worker = streams.start()
    wait_for(lambda: worker.ready, "the worker is ready", streams.workers)
    now_ms = int(time.time() * 1000)

    def read(total: int, ago_ms: int) -> None:
        url = {"expanded_url": f"https://{HOST}/launch?utm_source=x"}
        post_on_x = {"id": "19", "public_metrics": {"impression_count": total}, "entities": {"urls": [url]}}
        path = f"/v1/snapshots/x?observed_at={now_ms - ago_ms}"
        assert pipeline.say(post(msgspec.json.encode({"data": [post_on_x]}), AS_WRITER, path=path)) == 202

    for total, ago_ms in ((100, 50_000), (130, 30_000), (100, 50_000), (120, 10_000), (130, 30_000), (90, 60_000)):
        read(total, ago_ms)
    sent = {"timestamp": now_ms // 1000, "clicktally_link": f"{HOST}/spring", "email": "a@example.org"}
    events = [
        *({**sent, "event": "delivered", "sg_event_id": f"delivered-{number}"} for number in range(5)),
        {**sent, "event": "open", "sg_event_id": "open", "useragent": BROWSER},
        {**sent, "event": "open", "sg_event_id": "machine", "sg_machine_open": True},
    ]
    body, signed = as_sendgrid(events, signed_ms=now_ms)
    for _ in range(3):
        headers = [f"{name}: {value}" for name, value in signed.items()]
        assert pipeline.say(post(body, *headers, path="/v1/webhooks/sendgrid")) == 200
    pipeline.expected[f"{HOST}/launch", "impressions_platform"] = 120
    pipeline.expected[f"{HOST}/spring", "impressions_platform"] = 5
    pipeline.expected[f"{HOST}/spring", "impressions_rendered"] = 1
    pipeline.expected[f"{HOST}/spring", "impressions_unverified"] = 1
    wait_for(lambda: pipeline.counted() == pipeline.expected, "the books agree", streams.workers)
    streams.assert_chain_unbroken()
    assert streams.number("SELECT count() FROM events WHERE ua LIKE '%example.org%'") == 0


def test_no_request_without_a_token_changes_a_past_window(pipeline: Pipeline) -> None:
    """With the best kind ever seen, one beacon of today turned the CTR of every past day to NULL."""
    streams = pipeline.streams
    worker = streams.start()
    wait_for(lambda: worker.ready, "the worker is ready", streams.workers)
    shown = {"kind": "served", "link": f"{HOST}/launch", "count": 1000}
    began_s = int(time.time())
    past = [shown | {"time_ms": began_s * 1000 - hours * 3_600_000} for hours in (1, 25, 24 * 60)]
    assert pipeline.say(post(msgspec.json.encode(past), AS_WRITER)) == 202
    everything = " UNION ALL ".join(
        f"SELECT '{view}', * FROM {view} WHERE window_start <= toDateTime({began_s}) - INTERVAL 1 {length}"
        for view, length in (("ctr_1m", "MINUTE"), ("ctr_1h", "HOUR"), ("ctr_1d", "DAY"))
    )
    query = f"SELECT * FROM ({everything}) WHERE link = '{HOST}/launch' ORDER BY ALL"
    wait_for(lambda: streams.number("SELECT sum(impressions) FROM ctr_1m") == 3000, "the past", streams.workers)
    before = streams.http.rows(query)
    assert len(before) >= 7
    human = f"User-Agent: {BROWSER}"
    lies: list[dict[str, object]] = []
    for kind in IMPRESSION_KINDS:
        lies += [{**shown, "kind": kind, "count": 1, "time_ms": item["time_ms"]} for item in past]
        lies += [{**shown, "kind": kind, "count": 1_000_000}]
        lies += [{**shown, "kind": kind, "source": source, "count": 1} for source in IMPRESSION_SOURCES]
    beacon_lies = [lie for lie in lies if lie["kind"] in {"rendered", "viewable"} and lie.get("source") == "beacon"]
    for lie in lies:
        body = msgspec.json.encode(lie)
        queried = f"/v1/impressions?source={lie.get('source', 'beacon')}"
        assert pipeline.say(post(body, human), post(body, human, path=queried)) == (
            202 if lie in beacon_lies else 422
        )
        assert pipeline.say(post(body, human, "Idempotency-Key: 1")) == 401
    assert pipeline.say(get("/i/launch.gif", human)) == 200
    counted = "SELECT sum(impressions_rendered + impressions_viewable) FROM ctr_1m"
    wait_for(lambda: streams.number(counted) == 2 * len(beacon_lies), "the displays are counted", streams.workers)
    assert streams.http.rows(query) == before
