"""What can be said of the benchmarks without running them."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks import goals, paired, report, sampler, truth
from benchmarks.contenders import COLD, DELAYED, PINNED
from benchmarks.tables import number

ROWS = [
    {"contender": "ours", "round": 0, "cpu": 10.0, "rate": 100.0},
    {"contender": "slow", "round": 0, "cpu": 30.0, "rate": 20.0},
    {"contender": "slow, 16", "round": 0, "cpu": 20.0, "rate": 40.0},
    {"contender": "ours", "round": 1, "cpu": 20.0, "rate": 50.0},
    {"contender": "slow", "round": 1, "cpu": 80.0, "rate": 10.0},
    {"contender": "slow, 16", "round": 1, "cpu": 90.0, "rate": 5.0},
]


def test_names_are_always_the_same_and_every_hundred_has_the_mix():
    """So that any slice is as good as another."""
    names = truth.names(300)
    assert names == truth.names(300)
    assert names != truth.names(300, seed=9)
    assert len({name.domain for name in names}) == 300
    for start in range(0, 300, 100):
        part = names[start : start + 100]
        assert Counter(name.outcome for name in part) == truth.MIX


def test_a_verdict_costs_1_19_questions_on_this_mix():
    """The goal says so."""
    assert len(list(truth.questions(truth.names(100)))) == 119


def test_the_zone_has_what_the_names_say():
    """A null MX is the only record of its name, and so on."""
    names = truth.names(100)
    lines = [line.split() for line in truth.zone(names)]
    types = {}
    for label, rtype, *data in lines[2:]:
        types.setdefault(f"{label}.com", set()).add((rtype, data[-1]))
    for name in names:
        found = types.get(name.domain, set())
        kinds = {rtype for rtype, _ in found}
        match name.outcome:
            case "MX":
                assert kinds == {"MX"}
                assert all(host.endswith(".net.") for _, host in found)
            case "IMPLICIT_MX":
                assert kinds == {"A"}
            case "NULL_MX":
                assert found == {("MX", ".")}
            case "NODATA":
                assert kinds == {"TXT"}
            case _:
                assert not found


def test_names_come_back_from_the_file_and_begin_again(tmp_path):
    """A list may be longer than the zone."""
    names = truth.names(10)
    truth.write(names, tmp_path / "names")
    assert truth.read(tmp_path / "names", 8, 4) == [*names[8:], *names[:2]]


@pytest.mark.parametrize(
    ("outcome", "said", "right"),
    [
        ("MX", "MX", True),
        ("MX", "ACCEPT", True),
        ("IMPLICIT_MX", "MX", False),
        ("NODATA", "NO_MX", True),  # checkdmarc looks no further
        ("NULL_MX", "NOT_ACCEPTED", True),  # email-validator says no more
        ("NXDOMAIN", "NOT_ACCEPTED", False),
        ("MX", "failed: 12", False),
        ("MX", "", False),
    ],
)
def test_what_is_right(outcome, said, right):
    """Whoever does not tell two outcomes apart is right about both."""
    assert truth.is_right(truth.Name("a.com", outcome), said) is right


def test_missing_verdicts_are_wrong():
    """As are those too many."""
    names = [truth.Name("a.com", "MX"), truth.Name("b.com", "MX")]
    assert truth.count_wrong(names, ["MX"]) == 1
    assert truth.count_wrong(names, ["MX", "NODATA", "MX"]) == 2


def test_ratios_are_taken_within_a_round():
    """3 and 4 have the median 3.5; the ratio of the medians would be 55 / 15."""
    ratio = paired.ratio(paired.of(ROWS, "slow", "cpu"), paired.of(ROWS, "ours", "cpu"))
    assert ratio == paired.Figure(3.5, 3.0, 4.0)
    assert paired.ratio({0: 1.0}, {1: 1.0}) is None


def test_the_best_of_a_family_may_be_another_one_in_each_round():
    """It must not matter which mode of a contender we like."""
    assert paired.best(ROWS, "slow", "cpu", min) == {0: 20.0, 1: 80.0}
    assert paired.best(ROWS, "slow", "rate", max) == {0: 40.0, 1: 10.0}


def test_goals_are_judged():
    """By what would be printed."""
    want = goals.Goal("cold", "", ">=", (2, 3), lambda _: None)
    verdicts = [want.judge(paired.Figure(x, x, x)) for x in (1.99, 2, 2.999)]
    assert verdicts == ["**not met**", "met", "stretch met"]
    most = goals.Goal("cold", "", "<=", (1.19, None), lambda _: None)
    assert most.judge(paired.Figure(1.194, 1, 2)) == "met"


def test_wrong_verdicts_are_found_everywhere_but_at_dnsperf():
    """Which gives none."""
    data = {
        "cold": {"rows": [{"wrong": 1}, {"contender": "dnsperf", "wrong": 5}]},
        "herd": [{"wrong": 2}],
    }
    assert report.wrong_verdicts(data) == 3


@pytest.mark.parametrize(("rounds", "warned"), [(2, True), (5, False)])
def test_a_short_run_says_so(rounds, warned):
    """Nobody should quote it by mistake."""
    settings = {"rounds": rounds, "names": 8000, "smoke": False, "code": "abc"}
    herd = {"label": "tasks", "many": 1, "questions": 1, "wall": 1.0, "wrong": 0}
    results = {
        "machine": {},
        "settings": {"herd": settings},
        "sections": {"herd": [herd]},
    }
    page = report.write(results, {})
    assert ("A short run" in page) is warned
    assert f"Rounds: {rounds}, with up to 8,000 names; code: `abc`." in page


def test_contenders_have_names_of_their_own():
    """Their rows are found by it."""
    for race in (COLD, DELAYED, PINNED):
        labels = [contender.label for contender in race]
        assert len(labels) == len(set(labels))


def test_numbers_have_three_digits_that_mean_something():
    """No more than they are worth."""
    assert [number(x) for x in (0.123, 12.34, 1234.5)] == ["0.12", "12.3", "1,234"]


def test_a_flame_graph_is_as_wide_as_what_was_seen():
    """A function lies on its caller."""
    svg = sampler.flame(Counter({("a", "b"): 3, ("a", "<c>"): 1}), "title")
    assert "a: 100.0 %" in svg
    assert "b: 75.0 %" in svg
    assert "&lt;c&gt;: 25.0 %" in svg
