import pytest

from bench.machine import require, run_bench


def test_a_bench_that_lacks_a_program_says_so_in_one_line_before_it_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    begun: list[str] = []
    with pytest.raises(SystemExit) as ended:
        run_bench(lambda: begun.append("now"), needs=("nginx",))
    assert str(ended.value) == "bench: this bench needs nginx: install it (Debian: apt-get install nginx-light)"
    assert begun == []


def test_a_program_that_turns_out_to_be_missing_is_one_line_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    with pytest.raises(SystemExit, match="needs wrk"):
        run_bench(lambda: print(require("wrk")))


def test_a_bench_with_all_it_needs_runs() -> None:
    begun: list[str] = []
    run_bench(lambda: begun.append("now"), needs=())
    assert begun == ["now"]
