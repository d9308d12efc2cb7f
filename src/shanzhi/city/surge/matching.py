"""Who goes where: the arithmetic of an assignment (分派), numpy in and numpy out; no database.

The need comes first: among people who could go to several places, one goes where the larger share is unmet. Then the
skills asked for, then the way from home. Solved exactly as a minimum-cost flow (OR-Tools).
"""

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

# Costs. A way is counted in tens of metres up to fifty kilometres; one not known counts as that far. A missing
# skill weighs more than any way, and one per cent of a need more than all the skills that one need may ask for.
FARTHEST_M = 50_000
_METRES = 10
_SKILL = FARTHEST_M // _METRES * 2
_PER_CENT = _SKILL * 6
# Beyond so many pairs only the best needs of each person are looked at, then the rest for those left over.
MOST_PAIRS = 400_000
_BEST = 48


def match(wanted: Ints, met: Ints, allowed: Bools, missing: Ints, metres: Floats) -> Ints:
    """For each of n people the index of a need, or -1.

    `wanted` and `met` (k,): people asked for, and there already. `allowed` (n, k): who may go where. `missing`
    (n, k): how many of the skills asked for the person lacks. `metres` (n, k): the way from home, NaN where not
    known. As many people as possible are assigned. The same input gives the same answer. Raises ValueError for
    shapes that do not fit.
    """
    people, needs = allowed.shape
    if not (wanted.shape == met.shape == (needs,) and missing.shape == metres.shape == (people, needs)):
        raise ValueError("the shapes do not fit")
    way = np.where(np.isnan(metres), FARTHEST_M, np.minimum(metres, FARTHEST_M))
    cost = (way // _METRES).astype(np.int64) + np.minimum(missing, 5) * _SKILL
    chosen = np.full(people, -1, dtype=np.int64)
    met = met.copy()
    if np.count_nonzero(allowed) > MOST_PAIRS:
        ranked = np.where(allowed, cost, np.iinfo(np.int64).max)
        best = np.argpartition(ranked, min(_BEST, needs - 1), axis=1)[:, :_BEST]
        few = np.zeros_like(allowed)
        np.put_along_axis(few, best, True, axis=1)
        chosen = _flow(wanted, met, allowed & few, cost)
        met += np.bincount(chosen[chosen >= 0], minlength=needs)
    left = np.flatnonzero(chosen < 0)
    chosen[left] = _flow(wanted, met, allowed[left], cost[left])
    return chosen


def _flow(wanted: Ints, met: Ints, allowed: Bools, cost: Ints) -> Ints:
    from ortools.graph.python.min_cost_flow import (
        SimpleMinCostFlow,  # 60 MB that other processes need not pay
    )

    people, needs = allowed.shape
    chosen = np.full(people, -1, dtype=np.int64)
    who, where = np.nonzero(allowed & (wanted > met)[None, :])
    if not who.size:
        return chosen
    source, sink = people + needs, people + needs + 1
    # One arc for each place that is open: the first of them answers the whole unmet share, the next what is left.
    slots = np.repeat(np.arange(needs), np.maximum(wanted - met, 0))
    first = np.searchsorted(slots, slots)
    share = (wanted[slots] - met[slots] - (np.arange(slots.size) - first)) * 100 / wanted[slots]
    tails = np.concatenate([np.full(people, source), who, people + slots])
    heads = np.concatenate([np.arange(people), people + where, np.full(slots.size, sink)])
    costs = np.concatenate(
        [np.zeros(people, np.int64), cost[who, where], np.rint((100 - share) * _PER_CENT).astype(np.int64)]
    )
    flow = SimpleMinCostFlow()
    arcs = flow.add_arcs_with_capacity_and_unit_cost(tails, heads, np.ones(tails.size, np.int64), costs)
    most = min(people, slots.size)
    flow.set_nodes_supplies(np.array([source, sink]), np.array([most, -most]))
    if flow.solve_max_flow_with_min_cost() != flow.OPTIMAL:
        raise RuntimeError("the assignment has no solution")
    pairs = slice(people, people + who.size)
    used = flow.flows(arcs[pairs]) > 0
    chosen[who[used]] = where[used]
    return chosen


def metres_between(lon: Floats, lat: Floats, other_lon: Floats, other_lat: Floats) -> Floats:
    """Great-circle distances (n, k) in metres between n and k WGS-84 points; NaN where a coordinate is.

    Haversine on a sphere of 6,371,008.8 m (the mean radius of IUGG).
    """
    east, north = np.radians(other_lon[None, :] - lon[:, None]), np.radians(other_lat[None, :] - lat[:, None])
    chord = np.sin(north / 2) ** 2 + (
        np.cos(np.radians(lat))[:, None] * np.cos(np.radians(other_lat))[None, :] * np.sin(east / 2) ** 2
    )
    distance: Floats = 2 * 6_371_008.8 * np.arcsin(np.sqrt(np.minimum(chord, 1.0)))
    return distance
