"""Reach of an order: small ladders by hand, an event list of its own beside it, and what always holds."""

from __future__ import annotations

from dataclasses import replace
from heapq import heappop, heappush
from math import inf
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri

from shanzhi.core.planning import (
    Audience,
    Channel,
    Crowd,
    End,
    Rung,
    crew_after,
    first_rung,
    simulate_reach,
    with_first,
)
from shanzhi.core.planning.draws import lognormal, normal_quantile, stream_key, uniform
from shanzhi.core.planning.reach import ANSWER, DELAY, FAILURE, LATENCY

APP, SMS, VOICE, DEPUTY, UPPER = Channel


def rung(channel: Channel, after: float, rate: float = inf, **more: Any) -> Rung:
    return Rung(channel, after, rate, **({"answer_median": 10.0, "answer_sigma": 0.0} | more))


# By hand: latency 1 s, answer 10 s, no chance.


def test_a_queue_of_three_at_one_a_second() -> None:
    found = simulate_reach(Audience([False] * 3), [rung(APP, 0), rung(SMS, 5, 1.0)], seed=1)
    assert found.sent[:, 1].tolist() == [5, 6, 7] and found.delivered.tolist() == [6, 7, 8]
    assert found.acknowledged.tolist() == [16, 17, 18] and found.acknowledged_by.tolist() == [1, 1, 1]
    assert found.tries.tolist() == [3, 3] and found.deliveries.tolist() == [0, 3]
    assert found.emptied.tolist() == [0, 7] and found.saved.tolist() == [0, 0]
    curve = found.curve(until=20)
    assert curve.sent[[0, 4, 5, 7]].tolist() == [3, 3, 4, 6]
    assert curve.pending[[5, 6, 8, 20]].tolist() == [4, 4, 3, 3]  # the app's three stay: they sleep
    assert curve.people_delivered[[5, 6, 8]].tolist() == [0, 1, 3]
    assert curve.people_acknowledged[[15, 16, 18]].tolist() == [0, 1, 3]
    assert found.delivered_second(0.5) == 7 and found.delivered_second() == 8


def test_who_acknowledged_before_the_turn_is_dropped_and_costs_none() -> None:
    # The second answers in the app at 11 s: after the rung began, before its turn at 6 s with rate 1/6.
    ladder = [rung(APP, 0), rung(SMS, 8, 0.2)]
    found = simulate_reach(Audience([False, True, False]), ladder, seed=1)
    assert found.sent[:, 1].tolist() == [8, inf, 13] and found.saved.tolist() == [0, 1]
    assert found.acknowledged.tolist() == [19, 11, 24] and found.acknowledged_by.tolist() == [1, 0, 1]
    # Had it been silent at 11 s only, it would not have been in the queue at all.
    later = simulate_reach(Audience([False, True, False]), [ladder[0], rung(SMS, 11, 0.2)], seed=1)
    assert later.sent[:, 1].tolist() == [11, inf, 16] and later.saved.tolist() == [0, 0]


def test_a_later_rung_saves_tries_of_an_earlier_one() -> None:
    ladder = [rung(SMS, 0, 0.05), rung(VOICE, 1)]
    found = simulate_reach(Audience([False] * 3), ladder, seed=1)
    assert found.sent[:, 0].tolist() == [0, inf, inf] and found.saved.tolist() == [2, 0]
    assert found.acknowledged.tolist() == [11, 12, 12]


def test_deputies_and_upper_grids_answer_in_the_stead() -> None:
    # The first never answers; the second has no deputy and is stood in for by the upper grid, the third.
    audience = Audience([True, False, True], [[0, 1, 1], [0, 1, 1], [1, 1, 1]], deputy=[2, -1, -1],
                        upper_grid=[2, 2, -1])  # fmt: skip
    ladder = [rung(APP, 0), rung(DEPUTY, 60), rung(UPPER, 90)]
    found = simulate_reach(audience, ladder, seed=1)
    assert found.tries.tolist() == [3, 1, 1]
    assert found.acknowledged.tolist() == [71, 101, 11] and found.acknowledged_by.tolist() == [1, 2, 0]
    assert found.end.tolist() == [End.stood_in, End.stood_in, End.acknowledged]
    crew = crew_after(found, audience, ladder, 100, give_up_seconds=80, neighbour=[2, 0, 0])
    assert crew.start.tolist() == [inf, inf, 111]
    assert crew.falls_out.tolist() == [71, 80, inf] and crew.handed_to.tolist() == [2, 0, -1]


def test_ends_without_an_answer() -> None:
    audience = Audience([True, False], 0.0)
    assert simulate_reach(audience, [rung(APP, 0)], seed=1).end.tolist() == [End.silent, End.undelivered]
    failing = simulate_reach(audience, [rung(SMS, 0, failure=1.0)], seed=1)
    assert failing.failures.tolist() == [2] and failing.end.tolist() == [End.undelivered] * 2
    assert simulate_reach(audience, [rung(DEPUTY, 0)], seed=1).end.tolist() == [End.untried] * 2


# An event list in plain Python that knows the present only.


def by_events(audience: Audience, ladder: list[Rung], seed: int) -> dict[str, Any]:
    n, r = len(audience.awake), len(ladder)
    keys = {stream: np.uint64(stream_key(seed, stream)) for stream in (FAILURE, LATENCY, ANSWER, DELAY)}
    acknowledged, delivered = {}, {}
    sent: dict[tuple[int, int], float] = {}
    ends: dict[tuple[int, int], tuple[float, str]] = {}
    saved, emptied = [0] * r, [g.after_seconds for g in ladder]
    queues: list[list[int]] = [[] for _ in ladder]
    events: list[tuple[float, int, int, str, int]] = []
    number = 0

    def later(when: float, rank: int, what: str, who: int) -> None:
        nonlocal number
        number += 1
        heappush(events, (when, rank, number, what, who))

    def stand_in(p: int, g: int) -> int:
        channel = ladder[g].channel
        return int(
            audience.deputy[p] if channel == DEPUTY else audience.upper_grid[p] if channel == UPPER else p
        )

    for g in range(r):
        later(ladder[g].after_seconds, g + 1, "begin", g)
    while events:
        now, rank, _, what, who = heappop(events)
        if what == "delivered":
            delivered.setdefault(who, now)
        elif what.startswith("acknowledged"):
            acknowledged.setdefault(who, (now, int(what[12:])))
        elif what == "begin":
            queues[who] = [p for p in range(n) if p not in acknowledged and stand_in(p, who) >= 0]
            later(now, rank, "turn", who)
        else:
            g, queue = who, queues[who]
            while queue and queue[0] in acknowledged:
                queue.pop(0)
                saved[g] += 1
                emptied[g] = now
            if not queue:
                continue
            p = queue.pop(0)
            sent[p, g] = emptied[g] = now
            later(now + 1 / ladder[g].rate, rank, "turn", g)
            to = stand_in(p, g)
            if ladder[g].channel == APP and not audience.awake[to]:
                continue
            at = now + lognormal(
                audience.latency_median[to, g], audience.latency_sigma[to, g], uniform(keys[LATENCY], p, g)
            )
            if uniform(keys[FAILURE], p, g) < ladder[g].failure:
                ends[p, g] = at, "failed"
                continue
            ends[p, g] = at, "delivered"
            later(at, 0, "delivered", p)
            if uniform(keys[ANSWER], p, g) < audience.answers[to, g]:
                delay = lognormal(ladder[g].answer_median, ladder[g].answer_sigma, uniform(keys[DELAY], p, g))
                later(at + delay, 0, f"acknowledged{g}", p)
    return {
        "acknowledged": [acknowledged.get(p, (inf, -1)) for p in range(n)],
        "delivered": [delivered.get(p, inf) for p in range(n)],
        "sent": sent, "ends": ends, "saved": saved, "emptied": emptied,
    }  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**40), st.integers(1, 12), st.integers(1, 5))
def test_as_an_event_list_says(seed: int, n: int, r: int) -> None:
    chance = np.random.default_rng(seed)
    audience = Audience(
        chance.random(n) < 0.6, chance.uniform(0.3, 1, (n, r)), chance.uniform(0.5, 4, (n, r)),
        chance.choice([0.0, 0.7], (n, r)), chance.integers(-1, n, n), chance.integers(-1, n, n),
    )  # fmt: skip
    ladder = [
        Rung(Channel(int(chance.integers(1, 6))), float(after), float(chance.choice([0.3, 1, 4, inf])),
             float(chance.choice([0, 0.3])), float(chance.uniform(1, 20)), float(chance.choice([0, 1])))
        for after in np.sort(chance.integers(0, 20, r))
    ]  # fmt: skip
    found, told = simulate_reach(audience, ladder, seed=seed), by_events(audience, ladder, seed)
    assert (
        list(zip(found.acknowledged.tolist(), found.acknowledged_by.tolist(), strict=True))
        == (told["acknowledged"])
    )
    assert found.delivered.tolist() == told["delivered"]
    assert {(p, g): found.sent[p, g] for p, g in np.argwhere(found.sent < inf).tolist()} == told["sent"]
    assert {
        (p, g): (found.told[p, g], "failed" if found.failed[p, g] else "delivered")
        for p, g in np.argwhere(found.told < inf).tolist()
    } == told["ends"]
    assert found.saved.tolist() == told["saved"] and found.emptied.tolist() == told["emptied"]


# A crowd.

LADDER = [
    Rung(APP, 0, failure=0.005, answer_median=25),
    Rung(SMS, 30, 300, 0.02, 60),
    Rung(VOICE, 150, 100, 0.1, 20, 0.5),
]
ANSWERS, MEDIANS, SIGMAS = (0.85, 0.6, 0.8), (1.0, 4.0, 8.0), (0.5, 0.6, 0.3)


def crowd(n: int) -> Audience:
    awake = np.random.default_rng(3).permutation(n) >= 0.3 * n
    return Audience(awake, ANSWERS, MEDIANS, SIGMAS, (np.arange(n) + 1) % n)


def test_nothing_is_lost_at_any_second() -> None:
    ladder = [*LADDER, Rung(DEPUTY, 240, 50, 0.1, 40)]
    n = 5000
    audience = replace(
        crowd(n), answers=(*ANSWERS, 0.7), latency_median=(*MEDIANS, 1), latency_sigma=(*SIGMAS, 0)
    )
    found = simulate_reach(audience, ladder, seed=4)
    curve = found.curve(until=3000, step=1)
    assert (curve.sent == curve.delivered + curve.failed + curve.pending).all() and (curve.pending >= 0).all()
    for column in (
        curve.sent,
        curve.delivered,
        curve.failed,
        curve.people_delivered,
        curve.people_acknowledged,
    ):
        assert (np.diff(column) >= 0).all()
    for second in (0, 30, 31, 200, 400):
        out = found.sent <= second
        assert (
            curve.sent[second] == out.sum() and curve.pending[second] == (out & (found.told > second)).sum()
        )
        assert curve.people_acknowledged[second] == (found.acknowledged <= second).sum()
    assert curve.sent[-1] == found.tries.sum()
    assert (found.tries == found.deliveries + found.failures + [(~audience.awake).sum(), 0, 0, 0]).all()
    assert np.bincount(found.end, minlength=6)[1:].sum() == n and found.end.min() >= 1
    assert ((found.end <= End.stood_in) == np.isfinite(found.acknowledged)).all()
    assert ((found.end == End.silent) == (np.isfinite(found.delivered) & np.isinf(found.acknowledged))).all()
    # No rung sends faster than its rate, and nobody before it begins.
    for g, one in enumerate(ladder):
        times = np.sort(found.sent[:, g][np.isfinite(found.sent[:, g])])
        assert times[0] == one.after_seconds and np.diff(times).min() >= 1 / one.rate - 1e-9
        assert found.emptied[g] >= times[-1]


def test_the_same_seed_gives_the_same_answer() -> None:
    audience = crowd(2000)
    one, two, other = (simulate_reach(audience, LADDER, seed=seed) for seed in (8, 8, 9))
    assert (one.acknowledged == two.acknowledged).all() and (one.sent == two.sent).all()
    assert (one.acknowledged != other.acknowledged).mean() > 0.5
    # Drawn by person and rung: what the app does is the same without the other rungs.
    alone = simulate_reach(Audience(audience.awake, 0.85, 1.0, 0.5), LADDER[:1], seed=8)
    assert (alone.told[:, 0] == one.told[:, 0]).all()
    answered = one.acknowledged[np.isfinite(one.acknowledged)]
    assert int(np.rint(answered * 1000).sum()) == SAME  # to the millisecond: exact in any order


def test_the_planner_expects_what_the_simulation_does() -> None:
    n = 149_000
    cases = [(300.0, 100.0), (150.0, 400.0), (600.0, 1000.0)]
    for sms, voice in cases:
        ladder = [LADDER[0], replace(LADDER[1], rate=sms), replace(LADDER[2], rate=voice)]
        plan = first_rung(Crowd(n, 0.3, ANSWERS, MEDIANS, SIGMAS), ladder, tolerated=5)
        found = simulate_reach(crowd(n), with_first(ladder, plan.first_seconds), seed=5)
        missing = int((found.delivered > 300).sum())
        assert missing == pytest.approx(plan.remaining, abs=4 * plan.remaining**0.5 + 0.005 * n / 10)
        tries = (found.sent <= 300).sum(axis=0)
        assert tries.tolist() == pytest.approx(plan.tries.tolist(), rel=0.03)
        for seen, expected in zip(found.emptied.tolist(), plan.emptied.tolist(), strict=True):
            assert seen == pytest.approx(expected, rel=0.03) if expected < inf else seen > 295


def test_the_promise_of_five_minutes() -> None:
    # Thirty per cent asleep, 300 messages a second, nothing fails: 44,700 sleepers take 149 s.
    sure = [rung(APP, 0), rung(SMS, 30, 300.0)]
    plan = first_rung(Crowd(149_000, 0.3, 1.0), sure)
    assert plan.kept and plan.first_seconds == 60 and plan.lost == 0 and plan.remaining < 0.5
    assert plan.tries[1] == pytest.approx(44_700) and plan.emptied[1] == pytest.approx(209)
    # The last message goes out at 299 s. Everybody awake has answered at 11 s; what is sent before then goes to
    # sleepers by three tenths, so that beginning at once is best: 44,700 in 288 + 3.3 s.
    least = 44_700 / 291.3
    assert plan.needed_rate == pytest.approx(least, rel=0.002)
    assert plan.needed_factor == pytest.approx(least / 300, rel=0.002)
    slow = first_rung(Crowd(149_000, 0.3, 1.0), [sure[0], rung(SMS, 30, 100.0)])
    assert not slow.kept and slow.first_seconds == 0
    assert slow.remaining == pytest.approx(44_700 - 29_130, rel=0.002)
    assert slow.needed_rate == pytest.approx(plan.needed_rate, rel=0.002)
    boundless = first_rung(Crowd(149_000, 0.3, 1.0), [sure[0], rung(SMS, 30)])
    assert boundless.kept and boundless.needed_rate == pytest.approx(plan.needed_rate, rel=0.002)
    # The simulation keeps it at that rate, and not at one that is two per cent lower.
    for factor, late in ((1.005, False), (0.98, True)):
        ladder = with_first(sure, 0, plan.needed_rate * factor)
        found = simulate_reach(Audience(crowd(149_000).awake), ladder, seed=1)
        assert (found.delivered_second() > 300) is late


def test_a_promise_that_no_rate_can_keep() -> None:
    ladder = [rung(APP, 0), rung(SMS, 30, 300.0, failure=0.02)]
    plan = first_rung(Crowd(149_000, 0.3, 1.0), ladder)
    assert not plan.kept and plan.lost == pytest.approx(894) and plan.remaining == pytest.approx(894, abs=1)
    assert plan.late < 0.5 and plan.needed_rate < 300  # the rate is not what is missing
    late = first_rung(Crowd(149_000, 0.3, 1.0, (1.0, 400.0)), ladder)
    assert late.late > 40_000 and late.needed_rate == late.needed_factor == inf
    # A rung of deputies changes nothing: what they are told is not delivered to the person.
    assert first_rung(Crowd(149_000, 0.3, 1.0), [*ladder, rung(DEPUTY, 90)]).remaining == plan.remaining


def test_draws_are_even_and_independent() -> None:
    p = np.array([1e-300, 1e-12, 0.01, 0.07, 0.076, 0.3, 0.7, 0.93, 1 - 1e-9])
    assert [normal_quantile(float(x)) for x in p] == pytest.approx(ndtri(p).tolist(), rel=1e-13)
    key = np.uint64(stream_key(5, 1))
    drawn = np.array([[uniform(key, a, b) for b in range(4)] for a in range(2000)])
    assert 0 < drawn.min() and drawn.max() < 1
    assert np.histogram(drawn, 10, (0, 1))[0] / 800 == pytest.approx(np.ones(10), abs=0.15)
    assert np.abs(np.corrcoef(drawn.T) - np.eye(4)).max() < 0.09
    assert abs(np.corrcoef(drawn[1:, 0], drawn[:-1, 0])[0, 1]) < 0.09
    assert lognormal(12.34567, 0.0, 0.9) == 12.346 and lognormal(10.0, 1.0, 0.5) == 10.0


BAD_RUNGS = [
    {"after_seconds": -1.0}, {"rate": 0.0}, {"failure": 1.5}, {"answer_median": float("nan")}, {"answer_sigma": -1.0}
]  # fmt: skip


@pytest.mark.parametrize("change", BAD_RUNGS)
def test_a_bad_rung_is_named(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(change))):
        simulate_reach(Audience([True]), [replace(rung(APP, 0), **change)], seed=1)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"awake": [1]}, "awake"), ({"answers": 1.2}, "answers"), ({"answers": [1, 1]}, "answers"),
        ({"latency_median": -1}, "latency_median"), ({"latency_sigma": np.nan}, "latency_sigma"),
        ({"deputy": [1]}, "deputy"), ({"upper_grid": [0.5]}, "upper_grid"),
    ],
)  # fmt: skip
def test_a_bad_audience_is_named(change: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        simulate_reach(replace(Audience([True]), **change), [rung(APP, 0)], seed=1)


def test_other_bad_arguments_are_named() -> None:
    audience, ladder = Audience([True]), [rung(APP, 5), rung(SMS, 60)]
    for seed in (-1, 2**63, 1.5):
        with pytest.raises(ValueError, match="seed"):
            simulate_reach(audience, ladder, seed=seed)  # type: ignore[arg-type]
    for bad in ([], ladder[::-1]):
        with pytest.raises(ValueError, match="ladder"):
            simulate_reach(audience, bad, seed=1)
    found = simulate_reach(audience, ladder, seed=1)
    for named, call in {
        "step": lambda: found.curve(10, 0),
        "until": lambda: found.curve(inf),
        "share": lambda: found.delivered_second(1.1),
        "travel": lambda: crew_after(found, audience, ladder, -1, give_up_seconds=9),
        "give_up_seconds": lambda: crew_after(found, audience, ladder, 1, give_up_seconds=-9),
        "ladder": lambda: crew_after(found, audience, ladder[:1], 1, give_up_seconds=9),
        "promise_seconds": lambda: first_rung(Crowd(1, 0.5), ladder, promise_seconds=0),
        "latest_seconds": lambda: first_rung(Crowd(1, 0.5), ladder, latest_seconds=300),
        "tolerated": lambda: first_rung(Crowd(1, 0.5), ladder, tolerated=0),
        "people": lambda: first_rung(Crowd(0, 0.5), ladder),
        "asleep": lambda: first_rung(Crowd(1, 2), ladder),
        "must begin with the app": lambda: first_rung(Crowd(1, 0.5), ladder[1:]),
    }.items():
        with pytest.raises(ValueError, match=named):
            call()


def test_nobody_to_reach() -> None:
    found = simulate_reach(Audience([]), [rung(APP, 0)], seed=1)
    assert found.tries.tolist() == [0] and found.delivered_second() == 0
    assert found.curve(2).sent.tolist() == [0, 0, 0]


SAME = 143024951
