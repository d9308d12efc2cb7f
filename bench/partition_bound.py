"""The fewest crossings of compounds that any partition can have, by integer programming.

    python bench/partition_bound.py [seed ...]

A partition with n small compounds and g micro-grids made of small compounds alone has at least n - g
crossings: each micro-grid with s small and l other compounds in it has s + l - 1, and cutting a small compound
adds one for each that it can win. So the fewest are n less the most disjoint connected groups of small
compounds that reach 30 households: a set packing over the least such groups, solved exactly by HiGHS for each
connected set of small compounds. Needs ../shared/bench/microgrid and scipy (about 10 s a seed).

    seed    bound with neighbours    fewest possible    ratio    best mode
    7                      10,931             11,434   1.0460       11,434
    11                     11,164             11,692   1.0473       11,694
    12                     11,106             11,662   1.0501       11,664
    21                     11,070             11,613   1.0491       11,614
    22                     11,048             11,617   1.0515       11,617
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from shanzhi.core.planning import partition

SHARED = Path(__file__).resolve().parents[2] / "shared" / "bench" / "microgrid"
LOW = 30


def least_groups(component: list[int], near: dict[int, set[int]], weight: list[int]) -> list[frozenset[int]]:
    """Connected groups that reach LOW and of which no smaller group within does."""
    stack = [frozenset([one]) for one in component]
    seen, enough = set(stack), []
    while stack:
        group = stack.pop()
        if sum(weight[one] for one in group) >= LOW:
            enough.append(group)
            continue
        for other in set().union(*(near[one] for one in group)) - group:
            if (larger := group | {other}) not in seen:
                seen.add(larger)
                stack.append(larger)
    holding: dict[int, list[frozenset[int]]] = {}
    for group in enough:
        for one in group:
            holding.setdefault(one, []).append(group)
    return [group for group in enough if not any(other < group for one in group for other in holding[one])]


def most_disjoint(component: list[int], groups: list[frozenset[int]]) -> int:
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_matrix

    at = {one: i for i, one in enumerate(component)}
    rows = [at[one] for group in groups for one in group]
    columns = [number for number, group in enumerate(groups) for _ in group]
    matrix = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(component), len(groups)))
    solved = milp(
        -np.ones(len(groups)),
        constraints=LinearConstraint(matrix, -np.inf, 1),
        integrality=np.ones(len(groups)),
        bounds=Bounds(0, 1),
    )
    assert solved.status == 0, solved.message
    return round(-solved.fun)


def fewest_crossings(city: dict[str, Any]) -> int:
    edges, weight = city["E"], city["ch"]
    first = np.zeros(len(weight), int)
    first[city["comp"]] = city["cc"]
    counted = int(((weight < LOW) & (city["cch"][first] >= LOW)).sum())
    across = edges[edges[:, 2] == 3]
    a, b = city["comp"][across[:, 0]], city["comp"][across[:, 1]]
    both = (weight[a] < LOW) & (weight[b] < LOW)
    near: dict[int, set[int]] = {}
    for one, other in zip(a[both].tolist(), b[both].tolist(), strict=True):
        near.setdefault(one, set()).add(other)
        near.setdefault(other, set()).add(one)
    seen: set[int] = set()
    groups = 0
    for root in near:
        if root in seen:
            continue
        component = [root]
        seen.add(root)
        for one in component:
            component += [other for other in sorted(near[one]) if other not in seen]
            seen |= near[one]
        least = least_groups(component, near, weight.tolist())
        groups += most_disjoint(component, least) if least else 0
    return counted - groups


def main() -> None:
    if not SHARED.is_dir() or importlib.util.find_spec("scipy") is None:
        print("skipped: needs ../shared/bench/microgrid and scipy")
        return
    sys.path.insert(0, str(SHARED))
    import evaluate as judge

    print("seed    bound with neighbours    fewest possible    ratio    best mode")
    for seed in sys.argv[1:] or ["7"]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "city.npz"
            command = [sys.executable, str(SHARED / "generate.py"), str(path), "3044", seed]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            city = judge.load(str(path))
        fewest, bound = fewest_crossings(city), city["cross_lb_adjacent"]
        found = partition(
            city["hh"], city["E"][:, :2], city["E"][:, 2], city["xyz"][:, :2], compound=city["comp"],
            building=city["bld"], stairwell=city["unit"], mode="best",
        )  # fmt: skip
        made = found.counts.crossings
        print(f"{seed:<8}{bound:>21,}{fewest:>19,}{fewest / bound:>9.4f}{made:>13,}", flush=True)


if __name__ == "__main__":
    main()
