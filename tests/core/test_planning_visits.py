"""Visits of a sweep: small rounds by hand, coroutines beside the kernel, more people, and what always holds."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from dataclasses import replace
from heapq import heappop, heappush
from math import inf
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shanzhi.core.planning import (
    OUTCOMES,
    Audience,
    Channel,
    Crew,
    DoorKinds,
    Doors,
    Outcome,
    Queues,
    Rung,
    Visits,
    compare,
    crew_after,
    reinforce,
    simulate_reach,
    simulate_visits,
)
from shanzhi.core.planning import rounds as kernel
from shanzhi.core.planning.draws import lognormal, stream_key, uniform

PLAIN = DoorKinds(100.0)  # a hundred seconds at every door, all visited


def visits(doors: Doors, kinds: DoorKinds, crew: Crew, **options: Any) -> Visits:
    return simulate_visits(doors, kinds, crew, seed=1, **options)


# By hand.


def test_a_round_is_walks_and_doors() -> None:
    found = visits(Doors([0, 2, 3, 3], [10, 20, 30]), PLAIN, Crew([5, inf, 7]))
    assert found.finished.tolist() == [115, 235, inf]
    assert found.outcome.tolist() == [Outcome.visited, Outcome.visited, Outcome.left]
    assert found.worker_finished.tolist() == [235, inf, 7] and found.visited_by.tolist() == [0, 0, -1]
    assert found.attempts.tolist() == [1, 1, 0]
    assert found.finish_second(1 / 3) == 115 and found.finish_second(2 / 3) == 235
    assert found.finish_second() == inf and found.finish_second(0) == 0
    curve = found.coverage(until=300, step=115)
    assert curve.seconds.tolist() == [0, 115, 230] and curve.done.tolist() == [0, 1, 1]


def test_nobody_home_is_visited_again_at_the_end_of_the_list() -> None:
    kinds = DoorKinds([100, 100], shut_seconds=20, away=[1, 0])
    doors = Doors([0, 3], 10, [0, 1, 1])
    found = visits(doors, kinds, Crew([0]), revisits=2, revisit_seconds=500)
    # 30 s; two doors until 250 s; waits till 530 s, 560 s; waits till 1060 s, 1090 s.
    assert found.finished.tolist() == [1090, 140, 250] and found.attempts.tolist() == [3, 1, 1]
    assert found.outcome.tolist() == [Outcome.away, Outcome.visited, Outcome.visited]
    assert found.coverage(2000).answered[-1] == 2 and found.coverage(2000).done[-1] == 3
    assert visits(doors, kinds, Crew([0]), revisits=0).finished.tolist() == [30, 140, 250]


def test_refused_and_in_need_of_help() -> None:
    kinds = DoorKinds(100, 0, 20, 0, [1, 0], [0, 1], 300)
    found = visits(Doors([0, 2], 0, [0, 1]), kinds, Crew([0]))
    assert found.finished.tolist() == [20, 420]
    assert found.outcome.tolist() == [Outcome.refused, Outcome.helped]


def test_a_lift_is_waited_for_and_serves_who_comes_first() -> None:
    doors = Doors([0, 1, 2, 3], [1, 2, 3], 0, 0)
    found = visits(doors, PLAIN, Crew([0, 0, 0]), queues=Queues([1], 60))
    assert found.finished.tolist() == [161, 221, 281] and found.waited.tolist() == [0, 59, 118]
    two = visits(doors, PLAIN, Crew([0, 0, 0]), queues=Queues([2], 60))
    assert two.finished.tolist() == [161, 162, 221] and two.waited.tolist() == [0, 0, 58]


def test_a_help_desk_is_waited_for_after_the_door() -> None:
    kinds = DoorKinds(100, helps=1, help_median=300)
    found = visits(Doors([0, 1, 2], [1, 2]), kinds, Crew([0, 0], desk=0), queues=Queues([1]))
    assert found.finished.tolist() == [401, 701] and found.waited.tolist() == [0, 299]


def test_who_falls_out_hands_the_rest_over() -> None:
    # The first finishes the door in hand at 200 s and begins no other; the second is done at 100 s and waits.
    doors = Doors([0, 4, 5], 0)
    found = visits(doors, PLAIN, Crew([0, 0], [150, inf], [1, -1]))
    assert found.finished.tolist() == [100, 200, 300, 400, 100]
    assert found.visited_by.tolist() == [0, 0, 1, 1, 1] and found.worker_finished.tolist() == [200, 400]
    # With nobody to hand over to they are left.
    alone = visits(doors, PLAIN, Crew([0, 0], [150, inf]))
    assert alone.outcome.tolist() == [1, 1, 0, 0, 1] and alone.finish_second() == inf
    # Who has fallen out too passes on; in a circle of such the doors are left.
    doors = Doors([0, 2, 3, 4], 0)
    passed = visits(doors, PLAIN, Crew([inf, 0, 0], [250, 50, inf], [1, 2, 0]))
    assert passed.visited_by.tolist() == [2, 2, 1, 2] and passed.finished.tolist() == [350, 450, 100, 100]
    circle = visits(doors, PLAIN, Crew([inf, 0, 0], [250, 50, 50], [1, 2, 0]))
    assert circle.outcome.tolist() == [0, 0, 1, 1]
    ring = visits(
        Doors(np.arange(50_001), 0), PLAIN, Crew(np.zeros(50_000), 0.0, (np.arange(50_000) + 1) % 50_000)
    )
    assert not ring.outcome.any()
    # A revisit goes along, with its waiting time.
    away = DoorKinds(100, shut_seconds=20, away=1)
    again = visits(
        Doors([0, 1, 1], 0), away, Crew([0, 0], [50, inf], [1, -1]), revisits=1, revisit_seconds=200
    )
    assert again.finished.tolist() == [240] and again.visited_by.tolist() == [1]


def test_from_the_order_to_the_doors() -> None:
    audience = Audience([True, False, True], [[1, 1], [0, 1], [1, 1]], deputy=[-1, 2, -1])
    ladder = [Rung(Channel.in_app, 0, answer_median=10, answer_sigma=0),
              Rung(Channel.deputy, 60, answer_median=10, answer_sigma=0)]  # fmt: skip
    reach = simulate_reach(audience, ladder, seed=1)
    crew = crew_after(reach, audience, ladder, 89, give_up_seconds=600)
    found = visits(Doors([0, 1, 2, 3], 0), PLAIN, crew)
    # Both start at 100 s; the deputy gets the second's door at 71 s and visits it after the own one.
    assert found.finished.tolist() == [200, 300, 200] and found.visited_by.tolist() == [0, 2, 2]


# Coroutines, one for each worker, that know the present only.


def by_coroutines(
    doors: Doors, kinds: DoorKinds, crew: Crew, queues: Queues, revisits: int, wait: float, seed: int
):
    keys = [np.uint64(stream_key(seed, s)) for s in (kernel.OUTCOME, kernel.TIME, kernel.HELP, kernel.HOLD)]
    w, d = len(doors.indptr) - 1, len(doors.walk)
    lists = [deque(range(a, b)) for a, b in zip(doors.indptr[:-1], doors.indptr[1:], strict=True)]
    free = [[0.0] * c for c in queues.servers]
    finished, outcome, tries, by = [inf] * d, [0] * d, [0] * d, [-1] * d
    ended, idle, events = list(crew.start), set(), []

    def served(q: int, now: float, hold: float) -> float:
        done = max(now, heappop(free[q])) + hold
        heappush(free[q], done)
        return done

    def out(i: int, now: float) -> None:
        to, seen = crew.handed_to[i], {i}
        while to >= 0 and crew.falls_out[to] <= now and to not in seen:
            seen.add(to)
            to = crew.handed_to[to]
        if to >= 0 and crew.falls_out[to] > now and lists[i]:
            lists[to].extend(lists[i])
            lists[i].clear()
            if to in idle:
                idle.discard(to)
                heappush(events, (now, to))

    def life(i: int) -> Generator[float | None, float, None]:
        now = yield min(crew.start[i], crew.falls_out[i])
        while now < crew.falls_out[i]:
            if not lists[i]:
                now = yield None
                continue
            door = lists[i][0]
            begin = max(now, finished[door] + wait) if tries[door] else now
            if begin >= crew.falls_out[i]:
                now = yield crew.falls_out[i]
                break
            lists[i].popleft()
            tries[door] += 1
            now = yield begin + doors.walk[door]
            k, q, chance = (
                doors.kind[door],
                doors.queue[door],
                [uniform(key, door, tries[door]) for key in keys],
            )
            if q >= 0:
                now = yield served(q, now, lognormal(queues.median[q], queues.sigma[q], chance[3]))
            help_seconds = lognormal(kinds.help_median[k], kinds.help_sigma[k], chance[2])
            bounds = np.cumsum([kinds.away[k], kinds.refuses[k], kinds.helps[k]])
            what = [Outcome.away, Outcome.refused, Outcome.helped, Outcome.visited][
                int((chance[0] >= bounds).sum())
            ]
            if what in (Outcome.away, Outcome.refused):
                now = yield now + kinds.shut_seconds[k]
            else:
                now = yield now + lognormal(kinds.median[k], kinds.sigma[k], chance[1])
                if what == Outcome.helped:
                    desk = crew.desk[i]
                    now = yield (served(desk, now, help_seconds) if desk >= 0 else now + help_seconds)
            finished[door] = ended[i] = now
            outcome[door], by[door] = int(what), i
            if what == Outcome.away and tries[door] <= revisits:
                lists[i].append(door)
        out(i, now)

    lives = [life(i) for i in range(w)]
    for i in range(w):
        first = next(lives[i])
        if first < inf:
            heappush(events, (first, i))
    while events:
        now, i = heappop(events)
        try:
            when = lives[i].send(now)
            if when is None:
                idle.add(i)
            else:
                heappush(events, (when, i))
        except StopIteration:
            pass
    return finished, outcome, tries, by, ended


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**40), st.integers(1, 7), st.integers(0, 30), st.booleans())
def test_as_the_coroutines_say(seed: int, w: int, d: int, falling: bool) -> None:
    chance = np.random.default_rng(seed)
    indptr = np.r_[0, np.sort(chance.integers(0, d + 1, w - 1)), d]
    # Often at the same second: whole numbers of ten seconds, and no chance in the times.
    ten, spread = (10, 0.0) if seed % 2 else (1e-6, 0.8)

    def seconds(most: int, count: int) -> np.ndarray:
        return np.ceil(chance.uniform(0, most, count) / ten) * ten

    doors = Doors(indptr, seconds(30, d), chance.integers(0, 2, d), chance.integers(-1, 2, d))
    share = chance.dirichlet([1, 1, 1, 2], 2)
    kinds = DoorKinds(
        seconds(90, 2), np.array([0.0, spread]), seconds(20, 2), *share.T[:3], seconds(90, 2), np.array([0.0, spread])
    )  # fmt: skip
    crew = Crew(
        np.where(chance.random(w) < 0.2, inf, seconds(200, w)),
        np.where(chance.random(w) < (0.5 if falling else 0), seconds(600, w), inf),
        chance.integers(-1, w, w), chance.integers(-1, 2, w),
    )  # fmt: skip
    queues = Queues(chance.integers(1, 3, 2), seconds(60, 2), np.array([0.0, spread]))
    found = simulate_visits(doors, kinds, crew, seed=seed, queues=queues, revisits=2, revisit_seconds=150)
    told = by_coroutines(doors, kinds, crew, queues, 2, 150, seed)
    columns = (found.finished, found.outcome, found.attempts, found.visited_by, found.worker_finished)
    for column, expected in zip(columns, told, strict=True):
        assert column.tolist() == expected


# A district.

KINDS = DoorKinds([90, 150], 0.6, 20, [0.2, 0.3], 0.02, 0.03, 300, 0.5)


def district(w: int = 300, each: int = 20) -> tuple[Doors, Crew, Queues]:
    chance = np.random.default_rng(2)
    many = chance.integers(each // 2, each * 2, w)
    indptr = np.r_[0, np.cumsum(many)]
    d = int(indptr[-1])
    lift = np.where(chance.random(d) < 0.3, np.repeat(np.arange(w) // 10, many), -1)
    doors = Doors(indptr, chance.uniform(5, 40, d), chance.integers(0, 2, d), lift)
    falls = np.where(chance.random(w) < 0.1, chance.uniform(600, 3000, w), inf)
    crew = Crew(chance.uniform(30, 900, w), falls, (np.arange(w) + 1) % w)
    return doors, crew, Queues(np.full(-(-w // 10), 2), 45, 0.3)


def test_every_door_has_one_outcome_and_a_worker_one_door_at_a_time() -> None:
    doors, crew, queues = district()
    found = visits(doors, KINDS, crew, queues=queues)
    d, w = len(found.outcome), len(crew.start)
    assert np.bincount(found.outcome, minlength=5).sum() == d
    assert set(found.outcome.tolist()) <= set(map(int, Outcome))
    left = found.outcome == Outcome.left
    assert not left.any()  # everybody who fell out had somebody to hand over to
    assert (left == np.isinf(found.finished)).all() and (left == (found.attempts == 0)).all()
    assert found.attempts.max() == 3 and (found.attempts[found.outcome == Outcome.away] == 3).all()
    assert found.worker_finished.max() == found.finished.max() == found.finish_second()
    for i in range(w):
        mine = np.sort(found.finished[found.visited_by == i])
        assert mine.size == 0 or crew.start[i] < mine[0] <= mine[-1] <= found.worker_finished[i]
        assert (np.diff(mine) >= 5).all()  # a walk at the least
        assert (mine > crew.falls_out[i]).sum() <= 1  # the door in hand
    curve = found.coverage(until=float(np.ceil(found.finish_second())), step=1)
    assert (np.diff(curve.done) >= 0).all() and curve.done[-1] == d
    assert curve.answered[-1] == (found.outcome != Outcome.away).sum()
    assert curve.done[4000] == (found.finished <= 4000).sum()


def test_outcomes_and_times_are_as_stated() -> None:
    d = 40_000
    found = visits(Doors([0, d], 0), DoorKinds(90, 0.6, 20, 0.2, 0.05, 0.1, 300), Crew([0]), revisits=0)
    shares = np.bincount(found.outcome, minlength=5) / d
    assert shares.tolist() == pytest.approx([0, 0.65, 0.1, 0.05, 0.2], abs=0.01)
    took = np.diff(found.finished, prepend=0.0)
    assert np.median(took[found.outcome == Outcome.visited]) == pytest.approx(90, rel=0.02)
    assert took[found.outcome == Outcome.visited].mean() == pytest.approx(90 * np.exp(0.18), rel=0.02)
    again = visits(Doors([0, d], 0), DoorKinds(90, away=0.2), Crew([0]), revisits=2)
    assert (again.outcome == Outcome.away).mean() == pytest.approx(0.008, abs=0.002)


def test_the_same_seed_gives_the_same_answer_whoever_works_elsewhere() -> None:
    doors, crew, queues = district()
    one, two = (visits(doors, KINDS, crew, queues=queues) for _ in range(2))
    assert (one.finished == two.finished).all() and (one.waited == two.waited).all()
    other = simulate_visits(doors, KINDS, crew, seed=2, queues=queues)
    assert (one.finished != other.finished).mean() > 0.9
    alone = replace(crew, falls_out=inf)
    start = np.array(crew.start)
    start[150:] += 1000
    here, there = (visits(doors, KINDS, replace(alone, start=s), queues=queues) for s in (crew.start, start))
    half = doors.indptr[150]
    assert (here.finished[:half] == there.finished[:half]).all()
    assert (here.finished[half:] != there.finished[half:]).all()
    assert int(np.rint(one.finished * 1000).sum()) == SAME  # to the millisecond: exact in any order


# More people.


def test_the_longest_lists_are_split() -> None:
    doors, crew = Doors([0, 6, 8], 0), Crew([0, 0])
    two = compare(doors, PLAIN, crew, extra=2, start_seconds=0, seed=1)
    assert two.before.finish_second() == 600 and two.after.finish_second() == 200
    assert two.reinforced.doors.indptr.tolist() == [0, 2, 4, 6, 8]
    assert two.reinforced.list_of.tolist() == [0, 0, 0, 1]
    # Who comes at 200 s takes what leaves both done at the same second.
    late = compare(doors, PLAIN, crew, extra=1, start_seconds=200, seed=1)
    assert late.reinforced.doors.indptr.tolist() == [0, 4, 6, 8] and late.after.finish_second() == 400
    fine = reinforce(Doors([0, 1000], 0), DoorKinds(1.0), Crew([0]), extra=3, start_seconds=100)
    assert fine.doors.indptr.tolist() == [0, 325, 550, 775, 1000]
    # Who never starts is helped first, and keeps nothing; who comes when all is done is not sent.
    absent = compare(doors, PLAIN, Crew([0, inf]), extra=1, start_seconds=50, seed=1)
    assert absent.reinforced.doors.indptr.tolist() == [0, 6, 6, 8] and absent.after.finish_second() == 600
    assert len(reinforce(doors, PLAIN, crew, extra=9, start_seconds=700).list_of) == 2
    # Nobody shares a door.
    assert reinforce(doors, PLAIN, crew, extra=99, start_seconds=0).doors.indptr.tolist() == list(range(9))


def test_more_people_keep_desks_and_hand_over_to_whom_they_help() -> None:
    more = reinforce(Doors([0, 6, 8], 0), PLAIN, Crew([0, 0], [inf, 90], [1, 0], [-1, 0]), extra=2, start_seconds=0,
                     queues=Queues([1]))  # fmt: skip
    assert more.crew.handed_to.tolist() == [3, 0, 0, 0] and more.crew.desk.tolist() == [-1, -1, -1, 0]
    assert more.crew.falls_out.tolist() == [inf, inf, inf, 90]


def test_with_more_people_the_same_doors_are_done_earlier() -> None:
    doors, crew, queues = district()
    found = compare(
        doors, KINDS, crew, extra=60, start_seconds=600, seed=3, queues=queues, revisit_seconds=600
    )
    assert len(found.reinforced.list_of) == 360
    for share in (0.5, 0.9, 0.99, 1.0):
        assert found.after.finish_second(share) < found.before.finish_second(share)
    # The same doors answer in the same way.
    assert (found.before.outcome == found.after.outcome).all()
    assert (found.before.attempts == found.after.attempts).all()


@pytest.mark.parametrize(
    ("what", "change", "named"),
    [
        ("doors", {"indptr": [0, 2, 1]}, "indptr"), ("doors", {"indptr": [1, 1]}, "indptr"),
        ("doors", {"indptr": [0.0, 1.0]}, "indptr"), ("doors", {"walk": [1, 2, 3]}, "walk"),
        ("doors", {"walk": -1}, "walk"), ("doors", {"kind": 1}, "kind"), ("doors", {"queue": 1}, "queue"),
        ("kinds", {"median": -1}, "median"), ("kinds", {"sigma": 11}, "sigma"), ("kinds", {"away": 1.1}, "away"),
        ("kinds", {"away": 0.6, "refuses": 0.6}, "together"), ("kinds", {"shut_seconds": inf}, "shut_seconds"),
        ("kinds", {"help_median": np.nan}, "help_median"), ("kinds", {"help_sigma": -1}, "help_sigma"),
        ("crew", {"start": [1, 2, 3]}, "start"), ("crew", {"falls_out": -1}, "falls_out"),
        ("crew", {"handed_to": 2}, "handed_to"), ("crew", {"desk": 1}, "desk"),
        ("queues", {"servers": [0]}, "servers"), ("queues", {"median": -1}, "queue median"),
        ("options", {"revisits": -1}, "revisits"), ("options", {"revisit_seconds": -1}, "revisit_seconds"),
        ("options", {"seed": -1}, "seed"),
    ],
)  # fmt: skip
def test_a_bad_argument_is_named(what: str, change: dict[str, Any], named: str) -> None:
    given: dict[str, Any] = {
        "doors": Doors([0, 1, 2], 1), "kinds": PLAIN, "crew": Crew([0, 0]), "queues": Queues([1]),
        "options": {"seed": 1},
    }  # fmt: skip
    given[what] = given[what] | change if what == "options" else replace(given[what], **change)
    with pytest.raises(ValueError, match=named):
        simulate_visits(
            given["doors"], given["kinds"], given["crew"], queues=given["queues"], **given["options"]
        )


def test_other_bad_arguments_are_named() -> None:
    doors, crew = Doors([0, 1], 1), Crew([0])
    for named, options in {"extra": {"extra": -1}, "start_seconds": {"start_seconds": inf}}.items():
        with pytest.raises(ValueError, match=named):
            reinforce(doors, PLAIN, crew, **({"extra": 1, "start_seconds": 0} | options))
    found = visits(doors, PLAIN, crew)
    for named, call in {
        "share": lambda: found.finish_second(-0.1),
        "step": lambda: found.coverage(10, 0),
        "until": lambda: found.coverage(-1),
    }.items():
        with pytest.raises(ValueError, match=named):
            call()


def test_nothing_to_visit() -> None:
    found = visits(Doors([0], []), DoorKinds([]), Crew([]))
    assert found.finished.size == 0 and found.finish_second() == 0
    assert visits(Doors([0, 0], []), PLAIN, Crew([3])).worker_finished.tolist() == [3]


def test_the_kernel_numbers_outcomes_alike() -> None:
    assert (kernel.VISITED, kernel.HELPED, kernel.REFUSED, kernel.AWAY) == (
        Outcome.visited, Outcome.helped, Outcome.refused, Outcome.away
    )  # fmt: skip
    assert set(OUTCOMES) == set(Outcome)


SAME = 31863944369
