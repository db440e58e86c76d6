"""The beacon's script as it is served; tests/e2e/test_beacon_script.py has it run by a browser."""

import re
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

from redirector.serve.beacon_script import BeaconScript, squeezed
from redirector.serve.settings import ServeSettings

REPOSITORY = Path(__file__).resolve().parents[4]
SOURCE = (REPOSITORY / "redirector" / "serve" / "beacon.js").read_text("utf-8")
MOST_ITEMS = 100
"""The most that the settings take for items of a request without a token."""
SCRIPT = BeaconScript(MOST_ITEMS)


def body(most_items: int = MOST_ITEMS) -> str:
    return BeaconScript(most_items).answer(()).body.decode()


def test_the_script_is_smaller_than_a_kilobyte_whatever_the_settings() -> None:
    with pytest.raises(ValueError, match="anonymous_items"):
        ServeSettings(anonymous_items=MOST_ITEMS + 1)
    assert len(body().encode()) < 1024


def test_the_script_is_part_of_the_wheel() -> None:
    included = {file.distribution_path for file in WheelBuilder(str(REPOSITORY)).recurse_included_files()}
    assert "redirector/serve/beacon.js" in included


def test_the_script_keeps_nothing_with_the_visitor_and_runs_no_text_as_code() -> None:
    for word in ("cookie", "Storage", "indexedDB", "caches", "eval", "Function", "innerHTML", "userAgent"):
        assert word not in SOURCE


def test_a_request_has_no_more_items_than_the_door_takes() -> None:
    assert body(7).count("7)") - body(8).count("7)") == 2
    assert "MOST" not in body()


def test_squeezing_leaves_out_what_is_for_readers_alone() -> None:
    source = """
        // A comment, with const in it.
        {
          const found = "a-found thing.found"
          let one, other
          one = found.found + {found: 1, other} ? .5 : other

          call(one, () => {
            other()
          })
        }
    """
    small = '{const a="a-found thing.found"\nlet b,c\nb=a.found+{found:1,c}?.5:c\ncall(b,()=>{c()})}'
    assert squeezed(source) == small


def test_the_source_is_one_that_squeezing_does_not_change_the_meaning_of() -> None:
    code = [line.strip() for line in SOURCE.splitlines() if not line.strip().startswith("//")]
    text = "\n".join(code)
    names = ", ".join(re.findall(r"\b(?:const|let) (\w+(?:, \w+)*)", text)).split(", ")
    assert len(set(names)) == len(names) <= 26
    assert not any(line.startswith(("(", "[", "`", "/", "+", "-")) for line in code)
    assert not any(" " in string for string in re.findall(r'"([^"]*)"', text))
    assert "'" not in text
    assert "//" not in text
    assert not re.search(r"\b[a-z]\b", text)
    for name in names:
        assert not re.search(rf'\.{name}\b|"{name}"|\b{name}:|[{{]{name}[,}}]|, {name}}}', text), name


def test_the_script_is_for_any_page_and_kept_for_an_hour() -> None:
    answer = SCRIPT.answer(())
    assert answer.status == 200
    headers = dict(answer.headers)
    assert re.fullmatch(r'"[0-9a-f]{16}"', headers.pop("ETag"))
    assert headers == {
        "Content-Type": "text/javascript; charset=utf-8",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "public, max-age=3600, stale-while-revalidate=86400",
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }


def test_who_has_the_script_is_told_that_it_is_the_same() -> None:
    tag = dict(SCRIPT.answer(()).headers)["ETag"]
    for held in ([tag], [f"W/{tag}"], ['"other"', tag], [f'"other" , {tag}'], ["*"]):
        answer = SCRIPT.answer(held)
        assert (answer.status, answer.body, dict(answer.headers)["ETag"]) == (304, b"", tag)
        assert "Content-Type" not in dict(answer.headers)


def test_who_has_another_script_gets_this_one() -> None:
    other = dict(BeaconScript(1).answer(()).headers)["ETag"]
    for held in ([other], [""], ["nonsense"], [dict(SCRIPT.answer(()).headers)["ETag"].strip('"')]):
        assert SCRIPT.answer(held).status == 200
