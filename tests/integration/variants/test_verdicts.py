"""What is said of an experiment in words, and when nothing can be said."""

from tests.integration.clickhouse_http import Http
from tests.integration.counted import count, link, run_sql
from tests.integration.variants.experiments import AT, Arm, experiment_rows, experiments, rows_by_experiment


def test_the_control_is_called_so_or_a_or_is_the_first(migrated: Http) -> None:
    controls = {
        ("b", "Control", "a"): "Control",
        ("c", " A", "b"): " A",
        ("z", "blue", "green"): "blue",
        ("b", "", "a1"): "",
    }
    arms = {str(at): dict.fromkeys(names, Arm(50, 1000)) for at, names in enumerate(controls)}
    experiments(migrated, arms)
    rows_of = rows_by_experiment(migrated)
    for name, control in zip(arms, controls.values(), strict=True):
        rows = rows_of[name]
        assert [row.variant for row in rows if row.is_control] == [control]
        assert (rows[0].difference[0], rows[0].p_value, rows[0].p_adjusted) == (None, None, None)


def test_ten_clicks_expected_of_each_variant_are_enough(migrated: Http) -> None:
    experiments(
        migrated,
        {
            "enough": {"a": Arm(0, 1000), "b": Arm(20, 1000)},
            "fewer": {"a": Arm(0, 1000), "b": Arm(19, 1000)},
            "misses": {"a": Arm(991, 1000), "b": Arm(990, 1000)},
            "clicks": {"a": Arm(0, 0), "b": Arm(20, 0)},
            "less": {"a": Arm(0, 0), "b": Arm(19, 0)},
        },
    )
    assert {name: {row.verdict for row in rows} for name, rows in rows_by_experiment(migrated).items()} == {
        "enough": {"winner"},
        "fewer": {"not enough data yet"},
        "misses": {"not enough data yet"},
        "clicks": {"winner"},
        "less": {"not enough data yet"},
    }


def test_a_variant_without_any_count_is_there_as_long_as_its_link_is(migrated: Http) -> None:
    experiments(migrated, {"e": {"a": Arm(100, 0), "b": Arm(120, 0)}})
    names = {"experiment": "e", "variant": "c"}
    link(migrated, "late", names)
    assert [(row.variant, row.clicks) for row in experiment_rows(migrated)] == [("a", 100), ("b", 120), ("c", 0)]
    link(migrated, "late", names, version=2, deleted=True)
    assert [row.variant for row in experiment_rows(migrated)] == ["a", "b"]
    link(migrated, "e-b", {"experiment": "e", "variant": "b"}, version=2, deleted=True)
    assert [(row.variant, row.clicks) for row in experiment_rows(migrated)] == [("a", 100), ("b", 120)]


def test_what_cannot_be_compared_says_why_and_has_no_p(migrated: Http) -> None:
    many = {f"v{at:02}": Arm(50, 1000) for at in range(27)}
    experiments(
        migrated,
        {
            "alone": {"a": Arm(50, 1000)},
            "over": {"a": Arm(50, 1000), "b": Arm(1001, 1000)},
            "unseen": {"a": Arm(50, 1000), "b": Arm(50, 0)},
            "crowd": many,
        },
    )
    experiments(migrated, {"mixed": {"a": Arm(50, 1000)}})
    link(migrated, "other", {"experiment": "mixed", "variant": "b"})
    count(migrated, [("other", AT, "human", "", 60, 0), ("other", AT, "human", "served", 0, 1000)])
    rows_of = rows_by_experiment(migrated)
    expected = {
        "alone": "nothing to compare",
        "over": "more clicks than impressions",
        "unseen": "sample ratio mismatch",
        "crowd": "too many variants",
        "mixed": "impressions of different kinds",
    }
    for experiment, verdict in expected.items():
        rows = rows_of[experiment]
        assert {row.verdict for row in rows} == {verdict}
        assert {(row.p_value, row.p_adjusted, row.is_winner) for row in rows} == {(None, None, False)}
    assert len(rows_of["crowd"]) == 27


def test_a_variant_whose_impressions_were_corrected_below_zero_has_no_ctr(migrated: Http) -> None:
    """A time in which a platform took back more than it counted."""
    experiments(migrated, {"e": {"a": Arm(50, 1000), "b": Arm(7, -5)}})
    rows = migrated.rows("SELECT variant, impressions, ctr, ctr_from, difference FROM variant_comparison")
    assert rows[1] == ["b", "-5", "\\N", "\\N", "\\N"]


def test_an_audience_that_was_not_split_as_meant_is_told(migrated: Http) -> None:
    experiments(
        migrated,
        {
            "equal": {"a": Arm(500, 10_000), "b": Arm(900, 10_460)},
            "unequal": {"a": Arm(500, 10_000), "b": Arm(900, 10_480)},
            "declared": {"a": Arm(500, 10_000), "b": Arm(90, 1000, 0.1)},
            "missed": {"a": Arm(500, 10_000), "b": Arm(90, 1000, 0.2)},
        },
    )
    experiments(migrated, {"feed": {"a": Arm(500, 10_000), "b": Arm(900, 20_000)}}, kind="platform")
    experiments(migrated, {"mail": {"a": Arm(500, 10_000), "b": Arm(900, 20_000, 1)}}, kind="platform")
    rows = migrated.rows("SELECT DISTINCT experiment, verdict, sample_ratio_mismatch FROM variant_comparison")
    assert {row[0]: (row[1], row[2]) for row in rows} == {
        "equal": ("winner", "false"),
        "unequal": ("sample ratio mismatch", "true"),
        "declared": ("winner", "false"),
        "missed": ("sample ratio mismatch", "true"),
        "feed": ("no winner yet", "true"),
        "mail": ("sample ratio mismatch", "true"),
    }


def test_the_best_of_several_has_won_only_when_it_beats_each_of_them(migrated: Http) -> None:
    experiments(migrated, {"e": {"a": Arm(500, 10_000), "b": Arm(700, 10_000), "c": Arm(705, 10_000)}})
    rows = migrated.rows(
        "SELECT variant, against_control, is_winner, verdict FROM variant_comparison ORDER BY variant"
    )
    assert rows == [
        ["a", "", "false", "no winner yet"],
        ["b", "better", "false", "no winner yet"],
        ["c", "better", "false", "no winner yet"],
    ]


def test_a_tag_that_is_no_weight_declares_none(migrated: Http) -> None:
    tags = ("weight=", "weight=-2", "weight=nan", "weight=inf", "weight=two", "weight")
    experiments(migrated, {str(at): {"a": Arm(500, 10_000), "b": Arm(600, 10_000)} for at in range(len(tags))})
    links = ", ".join(f"('go.example/{at}-b', '{at}', 'b', ['{tag}'], 2)" for at, tag in enumerate(tags))
    run_sql(migrated, f"INSERT INTO links (link, experiment, variant, tags, version) VALUES {links}")
    rows = migrated.rows("SELECT weight, verdict, count() FROM variant_comparison GROUP BY ALL")
    assert rows == [["1", "winner", str(2 * len(tags))]]


def test_a_range_of_time_holds_its_first_window_and_not_the_one_after_its_last(migrated: Http) -> None:
    for variant in "ab":
        link(migrated, variant, {"experiment": "e", "variant": variant, "account": "acme"})
        for minute in (0, 1, 2, 3):
            count(migrated, [(variant, f"2026-11-20 10:0{minute}:00", "human", "", 10**minute, 0)])
    between = "variant_comparison_between(since = '2026-11-20 10:01:00', until = '2026-11-20 10:03:00')"
    assert migrated.rows(f"SELECT account, variant, clicks FROM {between} ORDER BY variant") == [
        ["acme", "a", "110"],
        ["acme", "b", "110"],
    ]
    nothing = "variant_comparison_between(since = '2026-11-21 00:00:00', until = '2026-11-22 00:00:00')"
    assert migrated.rows(f"SELECT * FROM {nothing}") == []


def test_experiments_of_the_same_name_in_two_accounts_are_two(migrated: Http) -> None:
    for account in ("acme", "other"):
        for variant in "ab":
            name = f"{account}-{variant}"
            link(migrated, name, {"experiment": "e", "variant": variant, "account": account})
            count(migrated, [(name, AT, "human", "", 10, 0)])
    assert migrated.rows(
        "SELECT account, count(), sum(clicks) FROM variant_comparison GROUP BY account ORDER BY 1"
    ) == [
        ["acme", "2", "20"],
        ["other", "2", "20"],
    ]
