"""A deletion keeps the names that the row before it had."""

from stream.tables.copied import Row
from stream.tables.store import deleted_first, with_names_kept


def put(key: str, version: int, campaign: str = "spring") -> Row:
    return {"link": key, "campaign": campaign, "deleted": False, "updated_at": version, "version": version}


def gone(key: str, version: int) -> Row:
    return {"link": key, "campaign": "", "deleted": True, "updated_at": version, "version": version}


def kept(rows: list[Row], *held: Row) -> list[tuple[object, object, object]]:
    return [(row["campaign"], row["deleted"], row["version"]) for row in with_names_kept(rows, "link", held)]


def test_only_keys_that_begin_with_a_deletion_are_looked_up() -> None:
    rows = [gone("a", 1), put("a", 2), put("b", 3), gone("b", 4), gone("c", 5), gone("c", 6)]
    assert deleted_first(rows, "link") == ["a", "c"]


def test_names_come_from_the_rows_before_and_else_from_the_table() -> None:
    rows = [
        gone("a", 11),
        put("b", 12, "autumn"),
        gone("b", 13),
        gone("b", 14),
        put("a", 15, "winter"),
        gone("a", 16),
    ]
    assert kept(rows, put("a", 1), put("b", 2)) == [
        ("spring", True, 11),
        ("autumn", False, 12),
        ("autumn", True, 13),
        ("autumn", True, 14),
        ("winter", False, 15),
        ("winter", True, 16),
    ]


def test_a_deletion_of_what_is_not_known_has_no_names() -> None:
    assert kept([gone("a", 11)]) == [("", True, 11)]


def test_what_the_table_holds_already_of_later_records_says_nothing_of_earlier_ones() -> None:
    assert kept([gone("a", 11)], put("a", 12, "winter")) == [("", True, 11)]


def test_a_deletion_that_is_written_again_says_the_same() -> None:
    assert kept([gone("a", 11)], gone("a", 11) | {"campaign": "spring"}) == [("spring", True, 11)]
