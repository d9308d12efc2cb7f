"""Every door of a city in the order of a round, and a sample of rounds beside OR-Tools.

    python bench/doors.py [seed]

Measured on 2 cores with other work beside it, seed 7: 8,475,603 doors of 139,544 micro-grids in 9.1 CPU s; a round is
108 m and 124 minutes (2 minutes a door). On the sample, of 4 to 46 entrances, the mean walk is

    ours                             1,241.8 m    0.9957 of OR-Tools
    OR-Tools, guided local search    1,247.2 m    1
    nearest neighbour                1,330.6 m    1.0669

Needs ../shared/bench/microgrid (the generator). The city is divided by our own partition; then all its doors are put
in order, on one thread, numba warm. On a sample of 60 micro-grids (30 by chance of those with four entrances and
more, and the 30 with the most) the walk is compared with OR-Tools' routing (guided local search, 3 s each, the same
distances in millimetres) and with the nearest neighbour from the best start. Goals: 60 s on 2 cores; mean length at
most 1.01 times OR-Tools.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from shanzhi.core.planning import each_door, order_doors, partition

SHARED = Path(__file__).resolve().parents[2] / "shared" / "bench" / "microgrid"
SECONDS = 3
SAMPLE = 30


def city(seed: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "city.npz"
        subprocess.run(
            [sys.executable, str(SHARED / "generate.py"), str(path), "3044", str(seed)], check=True
        )
        return dict(np.load(path, allow_pickle=True))


def searched(spots: np.ndarray) -> float:
    """OR-Tools' open path over the spots, in metres."""
    from ortools.constraint_solver import pywrapcp, routing_enums_pb2

    count = len(spots)
    far = np.rint(np.hypot(*(spots[:, None] - spots[None]).transpose(2, 0, 1)) * 1000).astype(int)
    far = np.pad(far, ((0, 1), (0, 1)))  # the depot is the free end
    manager = pywrapcp.RoutingIndexManager(count + 1, 1, count)
    routing = pywrapcp.RoutingModel(manager)
    table = far.tolist()
    callback = routing.RegisterTransitCallback(
        lambda a, b: table[manager.IndexToNode(a)][manager.IndexToNode(b)]
    )
    routing.SetArcCostEvaluatorOfAllVehicles(callback)
    options = pywrapcp.DefaultRoutingSearchParameters()
    options.first_solution_strategy = routing_enums_pb2.FirstSolutionStrategy.PATH_CHEAPEST_ARC
    options.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    options.time_limit.FromSeconds(SECONDS)
    return float(routing.SolveWithParameters(options).ObjectiveValue()) / 1000


def nearest(spots: np.ndarray) -> float:
    """The nearest neighbour's path from its best start."""
    best = np.inf
    for first in range(len(spots)):
        left, here, length = set(range(len(spots))) - {first}, first, 0.0
        while left:
            there = min(left, key=lambda other: (np.hypot(*(spots[here] - spots[other])), other))
            length += float(np.hypot(*(spots[here] - spots[there])))
            left.discard(there)
            here = there
        best = min(best, length)
    return best


def main() -> None:
    found = city(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
    xy = found["xyz"][:, :2].astype(float)
    divided = partition(
        found["hh"], found["E"][:, :2], found["E"][:, 2], xy, compound=found["comp"], building=found["bld"],
        stairwell=found["unit"],
    )  # fmt: skip
    given = (found["unit"], found["lev"].astype(int), xy, found["hh"])
    order_doors(*(column[:2000] for column in given), group=divided.label[:2000])  # warm
    begun = time.process_time()
    rounds = order_doors(*given, group=divided.label)
    doors, _ = each_door(rounds, found["hh"])
    took = time.process_time() - begun
    print(
        f"{len(doors):,} doors of {len(rounds.groups):,} micro-grids in order: {took:.1f} CPU s (goal 60 s: "
        f"{'met' if took <= 60 else 'MISSED'})\n"
        f"a round {rounds.walk.mean():.0f} m, {rounds.minutes.mean():.0f} minutes"
    )
    entrances = [
        np.array([xy[found["unit"] == stair].mean(axis=0) for stair in np.unique(found["unit"][nodes])])
        for nodes in sample(rounds, found["unit"])
    ]
    ours, theirs, near = [], [], []
    for spots in entrances:
        count = len(spots)
        made = order_doors(
            np.arange(count), np.ones(count, int), spots, np.ones(count, int), group=np.zeros(count, int)
        )
        ours.append(made.walk[0])
        theirs.append(searched(spots))
        near.append(nearest(spots))
    mean = [float(np.mean(lengths)) for lengths in (ours, theirs, near)]
    print(f"sample of {len(entrances)}, {min(map(len, entrances))} to {max(map(len, entrances))} entrances")
    print(f"{'':<32}{'mean m':>10}{'over OR-Tools':>16}")
    for name, value in zip(("ours", "OR-Tools, guided local search", "nearest neighbour"), mean, strict=True):
        print(f"{name:<32}{value:>10.1f}{value / mean[1]:>16.4f}")
    print(f"goal 1.01: {'met' if mean[0] <= 1.01 * mean[1] else 'MISSED'}")


def sample(rounds: Any, stairwell: np.ndarray) -> list[np.ndarray]:
    """Nodes of some rounds: by chance, and the ones with the most entrances."""
    nodes = [rounds.order[a:b] for a, b in zip(rounds.begins[:-1], rounds.begins[1:], strict=True)]
    many = np.array([len(np.unique(stairwell[one])) for one in nodes])
    chosen = np.random.default_rng(1).choice(np.flatnonzero(many >= 4), SAMPLE, replace=False)
    return [nodes[at] for at in (*chosen, *np.argsort(-many, kind="stable")[:SAMPLE])]


if __name__ == "__main__":
    main()
