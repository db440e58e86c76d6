"""Which statements define dictionaries, and how a user comes into one."""

from schemas.clickhouse.client import Server
from schemas.clickhouse.dictionary import latest_dictionaries, name_of, with_credentials

NAMES = (
    "CREATE OR REPLACE DICTIONARY names (link String) PRIMARY KEY link"
    " SOURCE(CLICKHOUSE(\n    TABLE 'links')) LIFETIME(1)"
)


def test_a_dictionary_is_told_by_its_definition() -> None:
    assert name_of(NAMES) == "names"
    assert name_of("CREATE OR REPLACE VIEW names AS SELECT 1") == ""


def test_of_several_definitions_the_last_one_counts() -> None:
    later = NAMES.replace("LIFETIME(1)", "LIFETIME(2)")
    other = NAMES.replace("names", "others")
    assert latest_dictionaries([(NAMES, "SELECT 1"), (other, later)]) == [later, other]


def test_user_and_password_are_quoted_into_the_source() -> None:
    server = Server.of_url("http://o%27neil:a%5Cb@localhost/clicktally")
    assert "SOURCE(CLICKHOUSE(\n    USER 'o\\'neil' PASSWORD 'a\\\\b' TABLE 'links'))" in with_credentials(
        NAMES, server
    )
