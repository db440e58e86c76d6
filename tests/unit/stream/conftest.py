import pytest

from stream.scanner import scanner


@pytest.fixture(params=["scanned", "scanner not built"])
def with_and_without_the_scanner(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways in which lines are read."""
    if request.param == "scanned":
        assert scanner() is not None, "run make setup"
    else:
        monkeypatch.setattr("stream.decode.scanner", lambda: None)
        monkeypatch.setattr("stream.click_memory.scanner", lambda: None)
