"""Accounts and settings: what is wrong is named, and never with a secret in it."""

from pathlib import Path

import pytest

from console.poll.accounts import AccountsError, TokenAccount, XAccount, read_accounts
from console.poll.settings import PollSettings
from schemas.settings import SettingsError

EACH = """
x = [{name = "a", token = "t", user_id = "1", owner = true}]
linkedin = [{name = "a", token = "t", organization = "111"}, {name = "b", token = "t"}]
facebook = [{name = "a", token = "t", page = "111"}]
instagram = [{name = "a", token = "t"}]
threads = [{name = "a", token = "t"}]
youtube = [{name = "a", token = "t", channel = "UCabcdefghijklmnopqrstuv"}]
tiktok = [{name = "a", token = "t"}]
pinterest = [{name = "a", token = "t"}]
google-ads = [{name = "a", customer = "1", client_id = "i", client_secret = "s", refresh_token = "r"}]
"""


def test_every_platform_has_its_accounts() -> None:
    accounts = read_accounts(EACH, "accounts.toml")
    assert sum(map(len, accounts.values())) == 10
    assert isinstance(accounts["x"][0], XAccount)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[[x]", "is no TOML"),
        ('[[myspace]]\nname = "a"', "there is no poller for 'myspace': known are x, linkedin"),
        ('[x]\nname = "a"', "write [[x]] with two brackets"),
        ('[[x]]\nname = "a"', "[[x]] number 1: Value error, needs token or token_file"),
        ('[[x]]\nname = "a"\ntoken = "hush"\ntoken_file = "f"', "needs token or token_file, one of them"),
        ('[[x]]\nname = "a"\ntoken = "hush"\nusr = "1"', "[[x]] number 1: usr: Extra inputs"),
        ('[[x]]\nname = "a"\ntoken = ["hush"]', "[[x]] number 1: token:"),
        ('[[x]]\nname = "a"\ntoken = "hush"\nuser_id = "me"', "user_id: String should match"),
        ('[[x]]\nname = ""\ntoken = "hush"', "name: String should have at least 1 character"),
        ('[[facebook]]\nname = "a"\ntoken = "hush"', "page: Field required"),
        ('[[x]]\nname = "a"\ntoken = "hush"\n[[x]]\nname = "a"\ntoken = "u"', "two accounts of x are called 'a'"),
    ],
)
def test_a_wrong_entry_is_named_and_no_secret_with_it(text: str, why: str) -> None:
    with pytest.raises(AccountsError) as raised:
        read_accounts(text, "accounts.toml")
    assert why in str(raised.value)
    assert str(raised.value).startswith("accounts.toml")
    assert "hush" not in str(raised.value)


def test_no_representation_of_an_account_has_its_secrets() -> None:
    for accounts in read_accounts(EACH.replace('"t"', '"hush"').replace('"r"', '"hush"'), "f").values():
        assert "hush" not in repr(accounts)


def test_a_token_file_is_read_anew(tmp_path: Path) -> None:
    file = tmp_path / "token"
    account = TokenAccount(name="a", token_file=file)
    with pytest.raises(AccountsError, match="cannot be read"):
        account.bearer()
    file.write_text("one\n")
    assert account.bearer().get_secret_value() == "one"
    file.write_text("two")
    assert account.bearer().get_secret_value() == "two"
    for wrong in ("", "two words", "line\nline", "tökén"):
        file.write_text(wrong)
        with pytest.raises(AccountsError, match="should hold the token alone"):
            account.bearer()


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({"SCHEDULE": "7d"}, "should be AGE:PAUSE"),
        ({"LINKEDIN_VERSION": "2026-10"}, "LINKEDIN_VERSION"),
        ({"ACCOUNTS": "x = []", "ACCOUNTS_FILE": "f"}, "give one of them"),
        ({"EVERY": "5"}, "unknown CLICKTALLY_POLL_EVERY"),
    ],
)
def test_settings_that_cannot_be_meant_are_named(variables: dict[str, str], why: str) -> None:
    with pytest.raises(SettingsError, match=why):
        PollSettings.load({f"CLICKTALLY_POLL_{name}": value for name, value in variables.items()})


def test_the_accounts_in_a_variable_are_masked_when_settings_are_shown() -> None:
    settings = PollSettings.load({"CLICKTALLY_POLL_ACCOUNTS": 'x = [{name = "a", token = "hush"}]'})
    assert "hush" not in settings.describe()
