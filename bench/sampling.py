"""Points and slots for a district of 930,000 people and for a city, beside a greedy nearest-first assignment.

    python bench/sampling.py [--city]

The ratio is our door metres over the peer's and over a lower bound (every micro-grid at its nearest point, whatever
the room). The city is planned district by district, as it is organised.
"""

from __future__ import annotations

import argparse
import math
import time
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from shanzhi.core.planning.points import plan_points
from shanzhi.core.planning.sites import choose_sites

PEOPLE_A_HOME, PEOPLE_A_POINT = 2.62, 2500
DISTRICT, CITY_MICROGRIDS, CITY_DISTRICTS = 930_000, 126_000, 23
TABLES, A_HOUR, SLOT_HOURS, SLOTS = 5, 75, 0.5, 20


def _district(microgrids: int, people: int, seed: int) -> tuple[Any, Any]:
    """Compounds in clumps, as a city grows, with micro-grids of 30 to 110 homes in each."""
    chance = np.random.default_rng(seed)
    side = math.sqrt(people / 6000) * 1000
    compounds = chance.uniform(0, side, (max(1, microgrids // 6), 2))
    at = compounds[chance.integers(0, len(compounds), microgrids)] + chance.normal(0, 60, (microgrids, 2))
    doors = chance.uniform(30, 110, microgrids)
    return np.maximum(1, doors * people / PEOPLE_A_HOME / doors.sum()).astype(int), at


def greedy(doors: Any, at: Any, sites: Any, room: Any) -> tuple[float, int]:
    """The peer: one after another to the nearest point that still takes the whole of it."""
    left, metres, lost = room.sum(axis=1).astype(int), 0.0, 0
    tree = cKDTree(sites)
    for one in range(len(doors)):
        near = 8
        while True:
            way, point = tree.query(at[one], k=min(near, len(sites)))
            way, point = np.atleast_1d(way), np.atleast_1d(point)
            fits = np.flatnonzero(left[point] >= doors[one])
            if len(fits):
                left[point[fits[0]]] -= doors[one]
                metres += float(way[fits[0]] * doors[one])
                break
            if near >= len(sites):
                lost += int(doors[one])
                break
            near *= 4
    return metres, lost


def run(microgrids: int, people: int, seed: int) -> tuple[float, float, float, float, float, int, int]:
    doors, at = _district(microgrids, people, seed)
    begun = time.perf_counter()
    sites = choose_sites(doors, at, at, math.ceil(people / PEOPLE_A_POINT))
    standing = at[sites.spot]
    each = int(TABLES * A_HOUR * SLOT_HOURS / PEOPLE_A_HOME)
    load = np.bincount(sites.share, weights=doors, minlength=len(standing))
    tables = np.clip(np.ceil(load * 1.1 / (each / TABLES * SLOTS)), 1, TABLES)
    per_slot = (tables * each / TABLES).astype(int)
    room = np.repeat(per_slot[:, None], SLOTS, axis=1)
    plan = plan_points(doors, at, standing, room)
    ours = time.perf_counter() - begun
    begun = time.perf_counter()
    metres, lost = greedy(doors, at, standing, room)
    theirs = time.perf_counter() - begun
    bound = float((cKDTree(standing).query(at)[0] * doors).sum())
    return plan.door_metres, metres, bound, ours, theirs, int(plan.left_out.sum()), lost


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--city", action="store_true")
    city = parser.parse_args().city
    rows = [("district", 1, run(5_600, DISTRICT, 1))]
    if city:
        each = CITY_MICROGRIDS // CITY_DISTRICTS
        parts = [run(each, DISTRICT, seed) for seed in range(CITY_DISTRICTS)]
        rows.append(("city", CITY_DISTRICTS, tuple(map(sum, zip(*parts, strict=True)))))  # type: ignore[arg-type]
    print("what      parts  ours s  greedy s  ours/greedy  ours/bound  left out  greedy left out")
    for name, parts_, (ours, metres, bound, seconds, theirs, out, lost) in rows:
        print(
            f"{name:9} {parts_:5}  {seconds:6.2f}  {theirs:8.2f}  {ours / metres:11.3f}  {ours / bound:10.3f}"
            f"  {out:8}  {lost:15}"
        )


if __name__ == "__main__":
    main()
