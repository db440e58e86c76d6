"""The console's API on the real Kafka: one console, two at once, and consoles killed at any moment."""

import asyncio
import json
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Final

import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from console.api.sessions import code_key, new_code
from console.compacted import read_latest
from deploy.local.processes import Kafka
from schemas.links import Link
from schemas.tokens import Token
from schemas.topics import LINKS, RECORDS, TOKENS
from tests.integration.console_process import Answer, ConsoleProcess, NoAnswerError
from tests.integration.shared_topics import ensure_shared_topics
from tests.looking import until
from tests.tokens import bearer_of, token

# Other modules have links in this Kafka, too: what an account sees here is only ours.
OWN_ACCOUNT: Final = f"acme-{uuid.uuid4().hex}"
CALLERS = (
    token(1, "links:read", "links:write"),
    token(2, "links:read"),
    token(3, "links:read", "links:write", account=OWN_ACCOUNT),
)


async def prepare(kafka: Kafka, tokens: tuple[Token, ...]) -> None:
    await ensure_shared_topics(kafka)
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap) as producer:
        for one in tokens:
            await producer.send_and_wait(TOKENS, msgspec.json.encode(one), key=one.key.encode())


@pytest.fixture(scope="module")
def consoles(
    kafka: Kafka, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[ConsoleProcess, ConsoleProcess]]:
    """Two consoles of one installation."""
    asyncio.run(prepare(kafka, CALLERS))
    place: Path = tmp_path_factory.mktemp("consoles")
    group = f"consoles-{uuid.uuid4().hex}"
    with ConsoleProcess(place / "one", kafka, group) as one, ConsoleProcess(place / "two", kafka, group) as two:
        yield one, two


HOLDS_WITHIN_S: Final = 1.0
TRIES: Final = 10
"""A busy machine may stall any one of the processes for longer than that."""
Consoles = tuple[ConsoleProcess, ConsoleProcess]
NDJSON: Final = {"Content-Type": "application/x-ndjson"}


async def links_of(kafka: Kafka, domain: str) -> list[Link]:
    """What the topic itself says."""
    latest = await read_latest(kafka.bootstrap, LINKS, Link, within_s=60)
    return [link for link in latest.values() if link.domain == domain]


def new_domain() -> str:
    return f"{uuid.uuid4().hex}.example"


def test_a_link_is_made_read_changed_deleted_and_restored_through_either_console(consoles: Consoles) -> None:
    domain, (one, two) = new_domain(), consoles
    made = one.ask("POST", "/v1/links", {"domain": domain, "destination": "https://example.com/", "tags": ["a"]})
    assert made.status == 201, made.body
    path, etag = made.headers["Location"], made.headers["ETag"]
    assert (len(made.json["slug"]), made.json["created_at"]) == (7, made.json["updated_at"])

    changed = two.ask("PATCH", path, {"title": "Spring", "tags": None}, headers={"If-Match": etag})
    assert (changed.status, changed.json["title"], changed.json["tags"]) == (200, "Spring", []), changed.body
    # Read from the console that was asked, at once: a change is answered when it is there.
    assert two.ask("GET", path).json == changed.json
    stale = one.ask("PATCH", path, {"title": "Autumn"}, headers={"If-Match": etag})
    assert (stale.status, stale.json["parameter"]) == (412, "If-Match")
    assert two.ask("GET", path, headers={"If-None-Match": changed.headers["ETag"]}).status == 304

    assert two.ask("DELETE", path).status == 204
    assert (two.ask("GET", path).status, one.ask("GET", path).status) == (404, 404)
    assert changed.json["link"] in {
        kept["link"]["link"] for kept in two.ask("GET", "/v1/deleted-links").json["links"]
    }
    back = one.ask("POST", f"{path}/restore", b"")
    assert (back.status, back.json["title"]) == (200, "Spring"), back.body


def test_a_key_makes_a_link_once_whichever_console_is_asked(consoles: Consoles) -> None:
    domain, key = new_domain(), {"Idempotency-Key": uuid.uuid4().hex}
    body = {"domain": domain, "destination": "https://example.com/"}
    first, again = (console.ask("POST", "/v1/links", body, headers=key) for console in consoles)
    assert (first.status, again.status, again.headers["Idempotency-Replayed"]) == (201, 201, "yes")
    assert first.json == again.json
    other = consoles[0].ask("POST", "/v1/links", body | {"title": "x"}, headers=key)
    assert (other.status, other.json["type"]) == (422, "/problems/key-reused")
    # What is there already is nothing that the other console, which was asked second, waits for.
    until(lambda: consoles[1].ask("GET", f"/v1/links?domain={domain}").json["links"])
    assert len(consoles[1].ask("GET", f"/v1/links?domain={domain}").json["links"]) == 1


def test_lines_are_answered_by_lines_and_found_by_what_they_say(consoles: Consoles) -> None:
    domain, (one, two) = new_domain(), consoles
    lines = [
        {"domain": domain, "slug": f"s{n}", "destination": f"https://example.com/{n}", "campaign": f"c{n % 2}"}
        for n in range(5_000)
    ]
    lines[7]["destination"] = "http://127.0.0.1/"
    content = b"\n".join(json.dumps(line).encode() for line in lines)
    for console, status in ((two, 201), (one, 200)):
        answers = console.ask("POST", "/v1/links/bulk", content, headers=NDJSON).lines
        assert [answer["line"] for answer in answers] == list(range(1, 5_001))
        assert Counter(answer["status"] for answer in answers) == {status: 4_999, 422: 1}
        assert (answers[7]["status"], answers[7]["pointer"]) == (422, "/destination")
    for console in consoles:
        links = console.ask("GET", f"/v1/links?domain={domain}&search=example.com/4321").json["links"]
        assert [link["slug"] for link in links] == ["s4321"]
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            page = console.ask("GET", f"/v1/links?domain={domain}&campaign=c1&limit=999&cursor={cursor}").json
            seen += [link["slug"] for link in page["links"]]
            cursor = page["next"]
        assert sorted(seen) == sorted(f"s{n}" for n in range(5_000) if n % 2 and n != 7)
    exported = two.ask("GET", f"/v1/links/export?domain={domain}").lines
    assert len(exported) == 4_999


def test_an_account_sees_and_changes_its_own_links_alone(consoles: Consoles) -> None:
    domain, (one, two) = new_domain(), consoles
    own = two.ask("POST", "/v1/links", {"domain": domain, "destination": "https://example.com/"}, token=3)
    assert (own.status, own.json["account"]) == (201, OWN_ACCOUNT), own.body
    foreign = one.ask("POST", "/v1/links", {"domain": domain, "slug": "f", "destination": "https://example.com/"})
    path = foreign.headers["Location"]
    assert [one.ask(method, path, body, token=3).status for method, body in (("GET", None), ("DELETE", None))] == [
        404
    ] * 2
    assert [link["slug"] for link in one.ask("GET", f"/v1/links?domain={domain}", token=3).json["links"]] == [
        own.json["slug"]
    ]
    assert two.ask("PATCH", own.headers["Location"], {"account": "other"}, token=3).status == 403
    assert (
        one.ask("POST", "/v1/links", {"domain": domain, "destination": "https://example.com/"}, token=2).status
        == 403
    )


def test_campaigns_and_posts_are_records_also_where_only_links_name_them(consoles: Consoles) -> None:
    domain, (one, two), name = new_domain(), consoles, uuid.uuid4().hex
    labels = {"campaign": name, "post": "teaser", "channel": "X", "profile": "p"}
    body = {"domain": domain, "destination": "https://example.com/"} | labels
    assert one.ask("POST", "/v1/links", body).status == 201
    until(lambda: two.ask("GET", f"/v1/campaigns/{name}/posts").json["posts"])
    posts = two.ask("GET", f"/v1/campaigns/{name}/posts").json["posts"]
    assert [(post["channel"], post["name"], post["profile"]) for post in posts] == [("x", "teaser", "p")]
    campaign = two.ask("GET", f"/v1/campaigns/{name}")
    assert (campaign.status, campaign.json["state"]) == (200, "active")
    done = two.ask(
        "PATCH", f"/v1/campaigns/{name}", {"state": "completed"}, headers={"If-Match": campaign.headers["ETag"]}
    )
    assert (done.status, done.json["state"]) == (200, "completed"), done.body
    assert two.ask("GET", f"/v1/campaigns/{name}").json == done.json
    key = {"Idempotency-Key": name}
    own = [one.ask("PATCH", f"/v1/campaigns/{name}", {"aim": "awareness"}, token=3, headers=key) for _ in range(2)]
    assert [(answer.status, answer.json["account"]) for answer in own] == [(201, OWN_ACCOUNT)] * 2
    # The console that made it has it at once, others soon.
    assert one.ask("GET", f"/v1/campaigns/{name}?account={OWN_ACCOUNT}", token=3).json["aim"] == "awareness"
    shown = one.ask("GET", "/v1/campaigns?limit=1000", token=3).json["campaigns"]
    assert [campaign["name"] for campaign in shown] == [name]


async def test_a_token_that_is_revoked_opens_no_console_a_second_later(kafka: Kafka, consoles: Consoles) -> None:
    def statuses() -> list[int]:
        return [console.ask("GET", "/v1/links", token=9).status for console in consoles]

    took: list[float] = []
    while not took or (min(took) > HOLDS_WITHIN_S and len(took) < TRIES):
        await prepare(kafka, (token(9, "links:read"),))
        until(lambda: statuses() == [200, 200])
        await prepare(kafka, (token(9, "links:read", revoked_at_ms=1),))
        revoked = time.monotonic()
        until(lambda: statuses() == [401, 401])
        took.append(time.monotonic() - revoked)
    assert min(took) <= HOLDS_WITHIN_S, took


async def test_a_session_holds_on_every_console_and_ends_on_every_console(kafka: Kafka, consoles: Consoles) -> None:
    await prepare(kafka, (token(9, "links:read"),))
    own = {"Clicktally-Page": "1"}

    def sign_in(console: ConsoleProcess, **body: str) -> Answer:
        headers = own | {"Origin": f"http://127.0.0.1:{console.port}"}
        answers: list[Answer] = []

        def is_known() -> bool:
            answers.append(console.ask("POST", "/v1/session", body, token=None, headers=headers))
            return answers[-1].status != HTTPStatus.UNAUTHORIZED

        until(is_known)
        assert answers[-1].status == 201, answers[-1].body
        return answers[-1]

    def statuses(shown: str) -> list[int]:
        return [
            console.ask("GET", "/v1/links", token=None, headers={"Cookie": shown}).status for console in consoles
        ]

    def seconds_until(shown: str, expected: list[int]) -> float:
        began = time.monotonic()
        until(lambda: statuses(shown) == expected)
        return time.monotonic() - began

    def begin_and_end(console: ConsoleProcess) -> tuple[float, float]:
        shown = sign_in(console, token=bearer_of(9)).headers["Set-Cookie"].partition(";")[0]
        begun_s = seconds_until(shown, [200, 200])
        ended = console.ask("DELETE", "/v1/session", token=None, headers=own | {"Cookie": shown})
        assert ended.status == 204, ended.body
        return begun_s, seconds_until(shown, [401, 401])

    for console in consoles:  # one of them writes, the other hands it over
        took = [begin_and_end(console)]
        while max(map(min, zip(*took, strict=True))) > HOLDS_WITHIN_S and len(took) < TRIES:
            took.append(begin_and_end(console))
        assert max(map(min, zip(*took, strict=True))) <= HOLDS_WITHIN_S, took
    code, record = new_code(token(9).id, now_ms=time.time_ns() // 1_000_000, within_ms=60_000)
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap) as producer:
        await producer.send_and_wait(RECORDS, msgspec.json.encode(record), key=code_key(code).encode())
    shown = sign_in(consoles[0], code=code).headers["Set-Cookie"].partition(";")[0]
    again = [one.ask("POST", "/v1/session", {"code": code}, token=None, headers=own).status for one in consoles]
    assert again == [401, 401]
    until(lambda: statuses(shown) == [200, 200])
    await prepare(kafka, (token(9, "links:read", revoked_at_ms=1),))
    until(lambda: statuses(shown) == [401, 401])


def ask_until_made(console: ConsoleProcess, method: str, path: str, body: object) -> Answer:
    """Until there is a writer that makes it."""
    deadline = time.monotonic() + 60
    while (answer := console.ask(method, path, body)).status not in (200, 201):
        assert (answer.status, time.monotonic() < deadline) == (503, True), answer.body
        time.sleep(0.05)
    return answer


def test_a_writer_that_slept_while_another_one_wrote_answers_nothing_from_before(consoles: Consoles) -> None:
    domain = new_domain()
    link = {"domain": domain, "slug": "a", "destination": "https://example.com/", "title": "one"}
    path = ask_until_made(consoles[0], "POST", "/v1/links", link).headers["Location"]
    sleeper, other = sorted(consoles, key=lambda one: -one.metric("clicktally_api_writer"))
    answers: dict[str, Answer] = {}
    drop = json.dumps({"domain": domain, "slug": "b", "delete": True}).encode()

    def ask_sleeper(name: str, method: str, path: str, body: object, headers: dict[str, str]) -> threading.Thread:
        thread = threading.Thread(
            target=lambda: answers.update({name: sleeper.ask(method, path, body, headers=headers)})
        )
        thread.start()
        return thread

    sleeper.pause()
    try:
        ask_until_made(other, "PATCH", path, {"title": "two"})
        ask_until_made(other, "POST", "/v1/links", link | {"slug": "b"})
        threads = [
            ask_sleeper("title", "PATCH", path, {"title": "one"}, {}),
            ask_sleeper("drop", "POST", "/v1/links/bulk", drop, NDJSON),
        ]
        time.sleep(0.3)  # the requests lie before the sleeper
    finally:
        sleeper.resume()
    for thread in threads:
        thread.join()
    print({name: (answer.status, answer.body) for name, answer in answers.items()})
    if answers["title"].status == 200:
        assert other.ask("GET", path).json["title"] == "one"
    else:
        assert answers["title"].status == 503
    dropped = [line["status"] for line in answers["drop"].lines if "status" in line]
    assert dropped in ([204], [503])
    if dropped == [204]:
        assert other.ask("GET", f"/v1/links/{domain}/b").status == 404


class Load:
    """A client that makes links by key and appends to a shared one by If-Match, and notes what was acknowledged."""

    def __init__(self, consoles: Consoles, domain: str, name: str, shared: str) -> None:
        self.consoles, self.domain, self.name, self.shared = consoles, domain, name, shared
        self.made: dict[str, str] = {}
        self.appended: list[str] = []
        self.stop = threading.Event()
        self.rng = random.Random(name)

    def run(self) -> None:
        for number in range(10_000):
            if self.stop.is_set():
                return
            self.make(f"{self.name}-{number}")
            self.append(f"{self.name}{number}")

    def ask(self, method: str, path: str, body: object, headers: dict[str, str]) -> Answer:
        """Until there is an answer that is one."""
        while True:
            try:
                answer = self.rng.choice(self.consoles).ask(method, path, body, headers=headers)
            except NoAnswerError:
                time.sleep(0.05)
                continue
            if answer.status != 503:
                return answer
            time.sleep(0.05)

    def make(self, title: str) -> None:
        body = {"domain": self.domain, "destination": "https://example.com/", "title": title}
        answer = self.ask("POST", "/v1/links", body, {"Idempotency-Key": title})
        assert answer.status in (201, 202), answer.body
        self.made[title] = answer.json["slug"]

    def append(self, word: str) -> None:
        while not self.stop.is_set():
            now = self.ask("GET", self.shared, None, {})
            tags = [*now.json["tags"], word][-30:]
            answer = self.ask(
                "PATCH",
                self.shared,
                {"tags": tags},
                {"If-Match": now.headers["ETag"], "Idempotency-Key": word + now.headers["ETag"]},
            )
            if answer.status in (200, 202):
                self.appended.append(word)
                return
            assert answer.status == 412, answer.body


def ask_until_somebody_writes(console: ConsoleProcess, link: dict[str, str]) -> Answer:
    """The answer to a new link; a writer that slept in another test may still be being replaced."""
    deadline = time.monotonic() + 60
    while (answer := console.ask("POST", "/v1/links", link)).status == 503 and time.monotonic() < deadline:
        time.sleep(0.2)
    return answer


async def test_no_acknowledged_change_is_lost_or_doubled_whatever_is_killed(
    kafka: Kafka, consoles: Consoles
) -> None:
    domain = new_domain()
    body = {"domain": domain, "slug": "shared", "destination": "https://x.com/"}
    first = await asyncio.to_thread(ask_until_somebody_writes, consoles[0], body)
    assert first.status == 201, first.body
    loads = [Load(consoles, domain, name, first.headers["Location"]) for name in "abcd"]
    threads = [threading.Thread(target=load.run) for load in loads]
    for thread in threads:
        thread.start()
    rng = random.Random(7)
    for _ in range(3):
        await asyncio.sleep(rng.uniform(0.2, 1.2))
        writers = [console for console in consoles if console.metric("clicktally_api_writer")]
        doomed = rng.choice(writers or list(consoles))
        began = time.monotonic()
        doomed.kill()
        doomed.start()
        await asyncio.to_thread(doomed.wait_until_ready)
        print(f"ready after {time.monotonic() - began:.2f} s; {sum(len(load.made) for load in loads)} made")
    for load in loads:
        load.stop.set()
    for thread in threads:
        await asyncio.to_thread(thread.join)
    made = {title: slug for load in loads for title, slug in load.made.items()}
    there = await links_of(kafka, domain)
    assert {link.title: link.slug for link in there if link.title} == made
    assert len(there) == len(made) + 1
    print(len(made), [len(load.appended) for load in loads])
