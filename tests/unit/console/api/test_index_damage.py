"""An index that is found damaged while it is used is made anew by the next start, which says so."""

import asyncio
import sqlite3
from pathlib import Path

import msgspec
import pytest

from console.api.index import Index
from console.api.index_damage import Damage, DamagedIndexError, is_damage
from schemas.links import Link

LINKS = 3_000
PAGE_BYTES = 4096


def key(number: int) -> str:
    return f"go.example/{number}"


def filled(directory: Path) -> None:
    index = Index(directory)
    links = [Link(domain="go.example", slug=str(n), destination=f"https://example.com/{n}") for n in range(LINKS)]
    index.apply_links([(one.key, msgspec.json.encode(one)) for one in links], next_offset=LINKS, now_s=1.0)
    index.close()


def damage(directory: Path, first_page: int, end_page: int) -> None:
    with (directory / "index.sqlite").open("r+b") as file:
        file.seek(first_page * PAGE_BYTES)
        file.write(b"\xff" * (end_page - first_page) * PAGE_BYTES)


async def test_damage_that_is_met_ends_the_process_and_the_next_one_makes_the_index_anew(tmp_path: Path) -> None:
    filled(tmp_path)
    damage(tmp_path, 40, 50)
    first = Damage(tmp_path)
    index = first.opened()
    assert (index.made_anew, index.place("links")) == ("", (LINKS, 1))
    waiting = asyncio.create_task(first.met())
    with pytest.raises(sqlite3.DatabaseError) as met:
        index.link_values([key(number) for number in range(LINKS)])
    await asyncio.sleep(0)
    assert not waiting.done()
    first.note(met.value)
    with pytest.raises(DamagedIndexError, match="anew"):
        await asyncio.wait_for(waiting, 30)
    index.close()

    second = Damage(tmp_path).opened()
    assert (second.made_anew, second.place("links"), second.link(key(1))) == ("damaged", None, None)
    second.close()
    third = Damage(tmp_path).opened()
    assert third.made_anew == ""
    third.close()


async def test_an_index_that_cannot_even_be_opened_is_made_anew_at_once(tmp_path: Path) -> None:
    filled(tmp_path)
    damage(tmp_path, 1, 200)
    index = Damage(tmp_path).opened()
    assert (index.made_anew, index.place("links")) == ("damaged", None)
    index.close()


@pytest.mark.parametrize("pragma", ["max_page_count = 1", "query_only = ON"])
async def test_what_is_no_damage_is_not_noted(tmp_path: Path, pragma: str) -> None:
    connection = sqlite3.connect(tmp_path / "other.sqlite")
    connection.execute(f"PRAGMA {pragma}")
    with pytest.raises(sqlite3.DatabaseError) as error:
        connection.execute("CREATE TABLE t (a)")
    assert not is_damage(error.value)
    assert not is_damage(ValueError())
    noted = Damage(tmp_path)
    noted.note(error.value)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(noted.met(), 0.01)
    connection.close()
    opened = noted.opened()
    assert opened.made_anew == ""
    opened.close()
