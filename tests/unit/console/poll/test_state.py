"""What was asked when: kept, shared, learned without forgetting."""

from dataclasses import replace
from pathlib import Path

from console.poll.state import Post, State
from tests.unit.console.poll.polling import START_MS


def test_what_was_asked_is_there_for_the_next_process_and_other_accounts_see_nothing(tmp_path: Path) -> None:
    file = tmp_path / "new" / "poll.sqlite3"
    post = Post(id="1", published_ms=5, first_ms=6, asked_ms=7, gone=True, counted=True, kind="K", urls=("u",))
    with State(file, "x", "a") as state:
        state.keep_asked([post])
        state.listed(9)
    with State(file, "x", "a") as state:
        assert state.posts() == {"1": post}
        assert state.listed_until_ms() == 9
    for platform, account in (("x", "b"), ("facebook", "a")):
        with State(file, platform, account) as state:
            assert state.posts() == {}
            assert state.listed_until_ms() == 0


def test_learning_of_a_post_again_adds_what_was_not_known_and_forgets_nothing(tmp_path: Path) -> None:
    with State(tmp_path / "s", "x", "a") as state:
        state.learn([Post(id="1")], START_MS)
        (known,) = state.posts().values()
        assert (known.first_ms, known.born_ms) == (START_MS, START_MS)
        state.keep_asked([replace(known, asked_ms=START_MS, counted=True)])
        state.learn([Post(id="1", published_ms=77, kind="REELS", permalink="p", urls=("u",))], START_MS + 5)
        state.learn([Post(id="1")], START_MS + 6)
        (known,) = state.posts().values()
    assert known == Post(
        id="1",
        published_ms=77,
        first_ms=START_MS,
        asked_ms=START_MS,
        counted=True,
        kind="REELS",
        permalink="p",
        urls=("u",),
    )
    assert known.born_ms == 77


def test_two_pollers_of_one_state_see_what_the_other_asked(tmp_path: Path) -> None:
    with State(tmp_path / "s", "x", "a") as one, State(tmp_path / "s", "x", "a") as other:
        one.learn([Post(id="1")], START_MS)
        other.keep_asked([replace(other.posts()["1"], asked_ms=START_MS)])
        assert one.posts()["1"].asked_ms == START_MS
