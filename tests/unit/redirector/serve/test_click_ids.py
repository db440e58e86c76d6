import re

from redirector.serve.click_ids import ID_CHARS, ClickIds


def test_ids_are_as_long_as_said_url_safe_and_never_the_same() -> None:
    ids = ClickIds()
    drawn = [ids.next() for _ in range(5000)]
    assert len(set(drawn)) == len(drawn)
    assert all(re.fullmatch(rf"[A-Za-z0-9_-]{{{ID_CHARS}}}", one) for one in drawn)


def test_two_processes_draw_other_ids() -> None:
    assert ClickIds().next() != ClickIds().next()
