"""An order to people and doors: a whole city, and the same model in simpy beside ours.

    python bench/reach_sim.py [seed]

Measured on 2 cores with other work beside it, seed 7: the city (149,000 people, 8,497,001 doors) is 10,508,212 events
in 3.39 CPU s on one thread, 3.07 s for 9.5 million; 3.1 million events a second, 30 times simpy's 104,000. On 900
people (62,000 events a seed) it is 39 times. All 15 means agree within 2.0 standard errors. The comparison with
10,000 more people takes 6.4 CPU s: 99 % of the doors done by T+4:21 instead of T+6:59.

The ladder (app, SMS, voice, deputy), who acknowledged going to the doors, revisits, lifts and help desks with queues,
people who fall out and hand over. An event is a try or a visit. simpy runs processes for people, queues and workers
with draws of its own; on PEOPLE people what both say is compared: the difference of the means over some seeds, in
standard errors. Goals: 9.5 million events within 10 s on 2 cores, kernels warm; no difference above 4 errors.
"""

from __future__ import annotations

import random
import sys
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
import simpy

from shanzhi.core.planning import (
    Audience,
    Channel,
    Crew,
    DoorKinds,
    Doors,
    Outcome,
    Queues,
    Rung,
    compare,
    crew_after,
    simulate_reach,
    simulate_visits,
)

PEOPLE, CITY, DOORS = 900, 149_000, 57
SEEDS, PEER_SEEDS = 40, 5
GIVE_UP, REVISITS, REVISIT_SECONDS, DRIVE = 900.0, 2, 1800.0, 600.0
ANSWERS, MEDIANS, SIGMAS = (0.85, 0.6, 0.8, 0.7), (1.0, 4.0, 8.0, 1.0), (0.5, 0.6, 0.3, 0.5)
KINDS = DoorKinds([90.0, 150.0], [0.6, 0.5], 20.0, [0.15, 0.2], 0.02, 0.03, 300.0, 0.5)
LIFT_SECONDS, LIFT_SIGMA = 45.0, 0.3


@dataclass(frozen=True)
class City:
    audience: Audience
    ladder: list[Rung]
    doors: Doors
    queues: Queues
    travel: np.ndarray
    falls_out: np.ndarray
    neighbour: np.ndarray
    desk: np.ndarray


def city(people: int, seed: int) -> City:
    """Invented: three in ten asleep, two lifts for ten workers, a help desk of forty for three hundred."""
    chance = np.random.default_rng(seed)
    many = chance.integers(DOORS * 2 // 3, DOORS * 4 // 3 + 1, people)
    indptr = np.r_[0, np.cumsum(many)]
    total = int(indptr[-1])
    compounds, desks = -(-people // 10), -(-people // 300)
    lift = np.where(chance.random(total) < 0.2, np.repeat(np.arange(people) // 10, many), -1)
    one = np.arange(people)
    rate = people / CITY
    ladder = [
        Rung(Channel.in_app, 0, failure=0.005, answer_median=25),
        Rung(Channel.sms, 30, 300 * rate, 0.02, 60),
        Rung(Channel.voice, 150, 200 * rate, 0.1, 20, 0.5),
        Rung(Channel.deputy, 600, 500 * rate, 0.02, 60),
    ]
    audience = Audience(
        chance.random(people) > 0.3, ANSWERS, MEDIANS, SIGMAS, np.where(one % 20, one // 20 * 20, one + 1)
    )
    return City(
        audience, ladder, Doors(indptr, chance.uniform(5, 40, total), chance.integers(0, 2, total), lift),
        Queues(np.r_[np.full(compounds, 2), np.full(desks, 40)], LIFT_SECONDS, LIFT_SIGMA),
        chance.lognormal(np.log(DRIVE), 0.5, people),
        np.where(chance.random(people) < 0.02, chance.uniform(2000, 8000, people), inf),
        np.minimum(one // 10 * 10 + (one + 1) % 10, people - 1), compounds + one // 300,
    )  # fmt: skip


def ours(given: City, seed: int) -> tuple[Any, Any, Crew]:
    reach = simulate_reach(given.audience, given.ladder, seed=seed)
    came = crew_after(
        reach, given.audience, given.ladder, given.travel, give_up_seconds=GIVE_UP, neighbour=given.neighbour,
        desk=given.desk,
    )  # fmt: skip
    ill = given.falls_out < came.falls_out
    crew = Crew(
        came.start, np.minimum(came.falls_out, given.falls_out), np.where(ill, given.neighbour, came.handed_to),
        given.desk,
    )  # fmt: skip
    visits = simulate_visits(
        given.doors, KINDS, crew, seed=seed, queues=given.queues, revisits=REVISITS,
        revisit_seconds=REVISIT_SECONDS,
    )  # fmt: skip
    return reach, visits, crew


class Peer:
    """The same model as simpy processes."""

    def __init__(self, given: City, seed: int) -> None:
        self.given, self.chance, self.env = given, random.Random(seed), simpy.Environment()
        n = len(given.audience.awake)
        self.n, self.tries, self.visits = n, 0, 0
        self.delivered, self.acknowledged = [inf] * n, [inf] * n
        self.answered = [self.env.event() for _ in range(n)]
        self.by = [-1] * n
        self.awake = given.audience.awake.tolist()
        self.deputy = given.audience.deputy.tolist()
        ends = given.doors.indptr.tolist()
        self.lists = [deque(range(a, b)) for a, b in zip(ends[:-1], ends[1:], strict=True)]
        self.walk, self.kind = given.doors.walk.tolist(), given.doors.kind.tolist()
        self.queue = given.doors.queue.tolist()
        self.servers = [simpy.Resource(self.env, int(c)) for c in given.queues.servers]
        self.wake = [self.env.event() for _ in range(n)]
        self.out, self.heir = [inf] * n, given.neighbour.tolist()
        total = ends[-1]
        self.finished, self.outcome, self.attempts = [inf] * total, [0] * total, [0] * total
        self.waited = [0.0] * n

    def run(self) -> Peer:
        for g in range(len(self.given.ladder)):
            self.env.process(self.rung(g))
        for i in range(self.n):
            self.env.process(self.worker(i))
        self.env.run()
        return self

    def took(self, median: float, sigma: float) -> float:
        return median * float(np.exp(sigma * self.chance.gauss(0, 1)))

    def rung(self, g: int) -> Iterator[Any]:
        one = self.given.ladder[g]
        yield self.env.timeout(one.after_seconds)
        for p in [p for p in range(self.n) if self.acknowledged[p] == inf]:
            if self.acknowledged[p] < inf:
                continue
            self.tries += 1
            to = self.deputy[p] if one.channel == Channel.deputy else p
            if one.channel != Channel.in_app or self.awake[to]:
                self.env.process(self.message(p, g, one))
            if one.rate < inf:
                yield self.env.timeout(1 / one.rate)

    def message(self, p: int, g: int, one: Rung) -> Iterator[Any]:
        yield self.env.timeout(self.took(MEDIANS[g], SIGMAS[g]))
        if self.chance.random() < one.failure:
            return
        self.delivered[p] = min(self.delivered[p], self.env.now)
        if self.chance.random() >= ANSWERS[g]:
            return
        yield self.env.timeout(self.took(one.answer_median, one.answer_sigma))
        if self.acknowledged[p] == inf:
            self.acknowledged[p], self.by[p] = self.env.now, g
            self.answered[p].succeed()

    def worker(self, i: int) -> Iterator[Any]:
        self.out[i] = float(self.given.falls_out[i])
        yield self.answered[i] | self.env.timeout(GIVE_UP)
        stands_in = self.given.ladder[self.by[i]].channel == Channel.deputy if self.by[i] >= 0 else False
        if self.by[i] < 0 or stands_in:
            self.out[i] = self.env.now
            self.heir[i] = self.deputy[i] if stands_in else self.heir[i]
            self.hand_over(i)
            return
        yield self.env.timeout(float(self.given.travel[i]))
        while self.env.now < self.out[i]:
            if not self.lists[i]:
                self.wake[i] = self.env.event()
                yield self.wake[i]
                continue
            door = self.lists[i][0]
            if self.attempts[door]:
                ready = max(self.env.now, self.finished[door] + REVISIT_SECONDS)
                if ready >= self.out[i]:
                    yield self.env.timeout(self.out[i] - self.env.now)
                    break
                yield self.env.timeout(ready - self.env.now)
            self.lists[i].popleft()
            yield from self.visit(i, door)
        self.hand_over(i)

    def hold(self, i: int, q: int, seconds: float) -> Iterator[Any]:
        came = self.env.now
        with self.servers[q].request() as turn:
            yield turn
            self.waited[i] += self.env.now - came
            yield self.env.timeout(seconds)

    def visit(self, i: int, door: int) -> Iterator[Any]:
        self.attempts[door] += 1
        self.visits += 1
        yield self.env.timeout(self.walk[door])
        if self.queue[door] >= 0:
            yield from self.hold(i, self.queue[door], self.took(LIFT_SECONDS, LIFT_SIGMA))
        k, drawn = self.kind[door], self.chance.random()
        away = KINDS.away[k]
        if drawn < away + KINDS.refuses:
            self.outcome[door] = int(Outcome.away if drawn < away else Outcome.refused)
            yield self.env.timeout(KINDS.shut_seconds)
        else:
            yield self.env.timeout(self.took(KINDS.median[k], KINDS.sigma[k]))
            self.outcome[door] = int(Outcome.visited)
            if drawn < away + KINDS.refuses + KINDS.helps:
                self.outcome[door] = int(Outcome.helped)
                yield from self.hold(
                    i, int(self.given.desk[i]), self.took(KINDS.help_median, KINDS.help_sigma)
                )
        self.finished[door] = self.env.now
        if self.outcome[door] == Outcome.away and self.attempts[door] <= REVISITS:
            self.lists[i].append(door)

    def hand_over(self, i: int) -> None:
        to, hops = self.heir[i], 0
        while self.out[to] <= self.env.now and hops < self.n:
            to, hops = self.heir[to], hops + 1
        if self.out[to] > self.env.now and self.lists[i]:
            self.lists[to].extend(self.lists[i])
            self.lists[i].clear()
            if not self.wake[to].triggered:
                self.wake[to].succeed()


def told(
    tries: int, visits: int, delivered: Any, acknowledged: Any, finished: Any, outcome: Any, waited: Any
) -> dict:
    """What is compared."""
    delivered, acknowledged = np.asarray(delivered), np.asarray(acknowledged)
    finished, outcome = np.asarray(finished), np.asarray(outcome)
    done = np.sort(finished[np.isfinite(finished)])
    heard = acknowledged[np.isfinite(acknowledged)]
    return {
        "tries a person": tries / len(delivered),
        "delivered at 60 s": (delivered <= 60).mean(),
        "delivered at 300 s": (delivered <= 300).mean(),
        "acknowledged at all": len(heard) / len(acknowledged),
        "acknowledged, median s": np.median(heard),
        "acknowledged, 90 % s": np.quantile(heard, 0.9),
        "visits a door": visits / len(finished),
        "visited": (outcome == Outcome.visited).mean(),
        "needed help": (outcome == Outcome.helped).mean(),
        "nobody home": (outcome == Outcome.away).mean(),
        "not visited": (outcome == Outcome.left).mean(),
        "waited a worker, s": np.mean(waited),
        "doors 50 % s": done[len(done) // 2],
        "doors 90 % s": done[len(done) * 9 // 10],
        "doors 99 % s": done[len(done) * 99 // 100],
    }


def mine(given: City, seed: int) -> tuple[int, dict]:
    reach, visits, _ = ours(given, seed)
    tries, made = int(reach.tries.sum()), int(visits.attempts.sum())
    columns = reach.delivered, reach.acknowledged, visits.finished, visits.outcome, visits.waited
    return tries + made, told(tries, made, *columns)


def theirs(given: City, seed: int) -> tuple[int, dict]:
    peer = Peer(given, seed).run()
    columns = peer.delivered, peer.acknowledged, peer.finished, peer.outcome, peer.waited
    return peer.tries + peer.visits, told(peer.tries, peer.visits, *columns)


def timed(run: Any, given: City, seeds: range) -> tuple[float, list[dict]]:
    begun, events, found = time.process_time(), 0, []
    for seed in seeds:
        many, one = run(given, seed)
        events += many
        found.append(one)
    return events / (time.process_time() - begun), found


def clock(seconds: float) -> str:
    return "never" if seconds == inf else f"T+{int(seconds) // 3600}:{int(seconds) % 3600 // 60:02d}"


def main() -> None:
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    small = city(PEOPLE, seed)
    ours(small, 0)  # warm
    rate, mean = timed(mine, small, range(SEEDS))
    peer_rate, peer_mean = timed(theirs, small, range(PEER_SEEDS))
    print(f"{PEOPLE:,} people, {len(small.doors.walk):,} doors; {SEEDS} seeds of ours, {PEER_SEEDS} of simpy")
    print(f"{'':<26}{'ours':>12}{'simpy':>12}{'errors':>9}")
    worst = 0.0
    for name in mean[0]:
        a, b = np.array([one[name] for one in mean]), np.array([one[name] for one in peer_mean])
        error = a.std(ddof=1) * (1 / len(a) + 1 / len(b)) ** 0.5
        apart = (b.mean() - a.mean()) / error if error else float(b.mean() != a.mean()) * inf
        worst = max(worst, abs(apart))
        print(f"{name:<26}{a.mean():>12.4f}{b.mean():>12.4f}{apart:>9.1f}")
    print(f"goal, 4 errors at most: {'met' if worst <= 4 else 'MISSED'}")
    print(
        f"events a second of one core: ours {rate:,.0f}, simpy {peer_rate:,.0f}, ratio {rate / peer_rate:,.0f}"
    )

    whole = city(CITY, seed)
    begun, wall = time.process_time(), time.perf_counter()
    reach, visits, crew = ours(whole, seed)
    took, wall = time.process_time() - begun, time.perf_counter() - wall
    tries, made = int(reach.tries.sum()), int(visits.attempts.sum())
    print(f"\nwhole city: {CITY:,} people, {len(whole.doors.walk):,} doors, {tries:,} tries, {made:,} visits")
    scaled = 9_500_000 / (tries + made)
    print(
        f"{tries + made:,} events on one thread: {took:.2f} CPU s, {wall:.2f} s by the wall; for 9.5 million "
        f"{took * scaled:.2f} CPU s (goal 10 s: {'met' if took * scaled <= 10 else 'MISSED'})\n"
        f"events a second: {(tries + made) / took:,.0f}, {(tries + made) / took / peer_rate:,.0f} times simpy\n"
        f"delivered at 300 s: {(reach.delivered <= 300).mean():.2%}, acknowledged at all: "
        f"{np.isfinite(reach.acknowledged).mean():.2%}"
    )
    begun = time.process_time()
    found = compare(
        whole.doors, KINDS, crew, extra=10_000, start_seconds=3600, seed=seed, queues=whole.queues,
        revisits=REVISITS, revisit_seconds=REVISIT_SECONDS,
    )  # fmt: skip
    took = time.process_time() - begun
    for share in (0.5, 0.9, 0.99):
        print(
            f"doors {share:.0%} done {clock(found.before.finish_second(share))}, "
            f"with 10,000 more {clock(found.after.finish_second(share))}"
        )
    print(f"the comparison: {took:.1f} CPU s")


if __name__ == "__main__":
    main()
