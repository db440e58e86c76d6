from stream.seen import Seen


def test_what_is_asked_for_again_outlives_any_number_of_keys_that_come_once() -> None:
    seen: Seen[str, int] = Seen(100)
    known = [f"known {number}" for number in range(100)]
    for place, key in enumerate(known):
        seen.put(key, place)
        assert seen.get(key) == place
    for number in range(100_000):
        seen.put(f"stranger {number}", number)
    assert [seen.get(key) for key in known] == list(range(100))


def test_memory_is_bounded() -> None:
    seen: Seen[int, int] = Seen(10)
    for number in range(1_000):
        seen.put(number, number)
        if number % 2:
            seen.get(number)
    assert len(seen) <= 30


def test_what_nobody_asks_for_goes_when_others_take_its_place() -> None:
    seen: Seen[int, int] = Seen(2)
    for number in range(1, 6):
        seen.put(number, number)
        seen.get(number)
    assert seen.get(1) is None
    assert seen.get(2) is None
    assert [seen.get(number) for number in (3, 4, 5)] == [3, 4, 5]


def test_what_is_asked_for_before_it_goes_stays() -> None:
    seen: Seen[int, int] = Seen(2)
    for number in range(1, 20):
        seen.put(number, number)
        assert seen.get(number) == number
        assert seen.get(1) == 1


def test_an_unknown_key_is_none() -> None:
    assert Seen[str, int](1).get("x") is None
