import pytest
from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from schemas.settings import CommaSeparated, ServiceSettings, SettingsError, settings_or_exit


class Example(ServiceSettings):
    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_prefix="CLICKTALLY_EXAMPLE_")

    port: int = 80
    names: CommaSeparated = ()
    password: SecretStr = SecretStr("")


def test_variables_with_the_prefix_become_fields_and_others_are_left_alone() -> None:
    settings = Example.load({"CLICKTALLY_EXAMPLE_PORT": "81", "CLICKTALLY_OTHER_PORT": "x", "PATH": "/bin"})
    assert settings.port == 81


def test_a_misspelt_variable_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(
        SettingsError, match=r"unknown CLICKTALLY_EXAMPLE_PROT: known are .*CLICKTALLY_EXAMPLE_PORT"
    ):
        Example.load({"CLICKTALLY_EXAMPLE_PROT": "81"})


def test_every_wrong_value_is_named_at_once() -> None:
    class Two(Example):
        other: int = 1

    with pytest.raises(SettingsError, match=r"(?s)EXAMPLE_PORT.*EXAMPLE_OTHER"):
        Two.load({"CLICKTALLY_EXAMPLE_PORT": "x", "CLICKTALLY_EXAMPLE_OTHER": ""})


def test_a_list_is_separated_by_commas() -> None:
    assert Example.load({"CLICKTALLY_EXAMPLE_NAMES": "a, b,,c ,"}).names == ("a", "b", "c")


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Example.load({}).port = 1


def test_secrets_are_masked_when_settings_are_told() -> None:
    description = Example.load({"CLICKTALLY_EXAMPLE_PASSWORD": "hunter2"}).describe()
    assert "CLICKTALLY_EXAMPLE_PASSWORD=**********" in description
    assert "CLICKTALLY_EXAMPLE_PORT=80" in description


def test_wrong_settings_end_a_process_with_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CLICKTALLY_EXAMPLE_PROT", "81")
    with pytest.raises(SystemExit) as caught:
        settings_or_exit(Example, check=False)
    assert caught.value.code == 2
    assert "CLICKTALLY_EXAMPLE_PROT" in capsys.readouterr().err


def test_a_check_tells_the_settings_and_ends_a_process_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        settings_or_exit(Example, check=True)
    assert caught.value.code == 0
    assert "CLICKTALLY_EXAMPLE_PORT=80\n" in capsys.readouterr().out
