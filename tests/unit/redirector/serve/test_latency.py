from redirector.serve.latency import BOUNDS_S, Latency


def counts(latency: Latency, outcome: str) -> list[int]:
    return next(counts for name, counts, _ in latency.histograms() if name == outcome)


def test_a_bound_belongs_to_its_bucket_and_what_is_above_all_to_the_last() -> None:
    latency = Latency()
    for took_s in (BOUNDS_S[0], BOUNDS_S[0] * 1.01, BOUNDS_S[-1], BOUNDS_S[-1] * 2):
        latency.add({"redirected": 1}, took_s)
    assert counts(latency, "redirected") == [1, *[2] * (len(BOUNDS_S) - 2), 3, 4]


def test_each_outcome_has_a_histogram_of_its_own() -> None:
    latency = Latency()
    latency.add({"redirected": 3, "pixel": 2}, 1.0)
    assert (counts(latency, "redirected")[-1], counts(latency, "pixel")[-1], counts(latency, "head")[-1]) == (
        3,
        2,
        0,
    )
