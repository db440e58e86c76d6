import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from redirector.serve.key_book import Counted, KeyBook, KeyedRequest, open_key_book
from schemas.idempotency import KEY_TTL_S, halves

NOW_S = 1_790_000_000


def request(key: str = "order-1", meaning: bytes = b"body", caller: str = "alice") -> KeyedRequest:
    return KeyedRequest.of(caller, key, meaning)


def counted(keyed: KeyedRequest, *, items: int = 3, at_s: int = NOW_S) -> Counted:
    return Counted(keyed.meaning, items, at_s)


@pytest.fixture
def book(tmp_path: Path) -> Iterator[KeyBook]:
    opened = KeyBook.open(tmp_path, 100)
    yield opened
    opened.close()


def test_the_same_bytes_under_the_same_key_of_the_same_token_are_one_request() -> None:
    assert request() == request()
    others = [request("order-2"), request(meaning=b"other"), request(caller="bob")]
    assert len({one.spool for one in [request(), *others]}) == 4
    assert request().name == request(meaning=b"other").name
    assert len({request().name, request("order-2").name, request(caller="bob").name}) == 3


def test_the_halves_of_a_spool_id_tell_the_key_and_the_bytes() -> None:
    (key, body), (same_key, other_body) = halves(request().spool), halves(request(meaning=b"other").spool)
    assert (key == same_key, body == other_body) == (True, False)
    assert halves(request("order-2").spool)[1] == body
    assert len(request().spool) == 33


def test_other_producers_ids_have_halves_too() -> None:
    odd = [
        "k",
        "k1",
        "k" + "g" * 32,
        "k" + "A" * 32,
        "k" + "0" * 31,
        "k" + "\u0660" * 32,
        "k\ud800",
        "k" + "_" * 32,
    ]
    assert len({halves(spool) for spool in odd}) == len(odd)
    assert all(0 <= half < 2**64 for spool in odd for half in halves(spool))


async def test_a_key_that_was_entered_is_known_until_its_life_is_over(book: KeyBook) -> None:
    keyed = request()
    assert book.find(keyed.name, NOW_S) is None
    await book.enter(keyed.name, counted(keyed))
    assert book.find(keyed.name, NOW_S + KEY_TTL_S) == counted(keyed)
    assert book.find(keyed.name, NOW_S + KEY_TTL_S + 1) is None
    assert book.find(request("order-2").name, NOW_S) is None


async def test_a_key_is_known_while_it_is_being_entered(book: KeyBook) -> None:
    keyed = request()
    entering = asyncio.create_task(book.enter(keyed.name, counted(keyed)))
    await asyncio.sleep(0)
    assert book.find(keyed.name, NOW_S) == counted(keyed)
    await entering


async def test_only_so_many_keys_are_kept_and_the_oldest_go(book: KeyBook) -> None:
    for number in range(150):
        keyed = request(str(number))
        await book.enter(keyed.name, counted(keyed, at_s=NOW_S + number))
    known = [number for number in range(150) if book.find(request(str(number)).name, NOW_S + 150)]
    assert known == list(range(50, 150))


async def test_keys_whose_life_is_over_make_room(book: KeyBook) -> None:
    for number in range(50):
        await book.enter(request(str(number)).name, counted(request(str(number))))
    for number in range(50, 100):
        keyed = request(str(number))
        await book.enter(keyed.name, counted(keyed, at_s=NOW_S + KEY_TTL_S + 1))
    with book._environment.begin() as transaction:
        assert {transaction.stat(db)["entries"] for db in (book._keys, book._order)} == {50}


async def test_a_key_that_is_entered_again_has_one_place(book: KeyBook) -> None:
    keyed = request()
    for at_s in (NOW_S, NOW_S + 5, NOW_S + 5):
        await book.enter(keyed.name, counted(keyed, at_s=at_s))
    with book._environment.begin() as transaction:
        assert {transaction.stat(db)["entries"] for db in (book._keys, book._order)} == {1}


async def test_a_book_of_the_same_boot_is_read_again_and_one_of_another_is_gone(tmp_path: Path) -> None:
    other_boot = tmp_path / "keys-another"
    other_boot.mkdir()
    (other_boot / "data.mdb").write_bytes(b"whatever")
    keyed = request()
    first = KeyBook.open(tmp_path, 100)
    await first.enter(keyed.name, counted(keyed))
    first.close()
    assert not other_boot.exists()
    second = KeyBook.open(tmp_path, 100)
    assert second.find(keyed.name, NOW_S) == counted(keyed)
    second.close()


async def test_where_no_book_can_be_written_no_key_is_known_and_all_else_goes_on(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("no directory")
    book = open_key_book(tmp_path / "spool", 100)
    await book.enter(request().name, counted(request()))
    assert book.find(request().name, NOW_S) is None
    book.close()
