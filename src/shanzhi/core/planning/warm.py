"""Compile the kernels once and keep them (预编译): `python -m shanzhi.core.planning.warm`, a step of setting up.

Without it the first to divide a community or to order doors would wait for the compiler, in an emergency too.
"""

from typing import Any

import numpy as np

from shanzhi.core.planning import (
    Audience,
    Channel,
    Crew,
    Crowd,
    DoorKinds,
    Doors,
    Rung,
    assign,
    expected_reach,
    first_rung,
    neighbours,
    order_doors,
    partition,
    reassign,
    simulate_reach,
    simulate_visits,
)

_FLOORS, _HOMES = 6, 2


def warm() -> None:
    """Do each thing once, on a city of 96 invented stairwells."""
    stairs = np.arange(96)
    stairwell = np.repeat(stairs, _FLOORS)
    floor = np.tile(np.arange(_FLOORS), len(stairs))
    building, compound = stairwell // 2, stairwell // 8
    xy = np.c_[stairwell % 12 * 35.0, stairwell // 12 * 60.0]
    homes = _HOMES + stairwell % 3
    edges, kind = neighbours(
        xy, community=stairwell // 48, compound=compound, building=building, stairwell=stairwell, floor=floor
    )
    known: dict[str, Any] = {"compound": compound, "building": building, "stairwell": stairwell}
    made = partition(homes, edges, kind, xy, **known)
    partition(homes, edges, kind, xy, mode="best", **known)
    partition(homes, edges, kind, xy, previous=made.label, **known)
    partition(homes, edges, kind, xy, low=8, high=16, target=12, **known)
    order_doors(stairwell, floor, xy, homes, group=made.label)
    order_doors(stairwell, floor, xy, homes, group=made.label, start=(0.0, 0.0), closed=True)
    grids = xy[:: _FLOORS * 4]
    staffed = assign(xy[::_FLOORS], grids, load_metres=100.0)
    before = np.full(len(stairs), -1)
    before[staffed.worker] = staffed.grid
    reassign(xy[::_FLOORS], grids[: len(grids) // 2], np.where(before < len(grids) // 2, before, -1))
    ladder = [Rung(Channel.in_app, 0.0), Rung(Channel.sms, 60.0, rate=50.0)]
    simulate_reach(Audience(awake=stairs % 3 > 0, answers=0.9), ladder, seed=0)
    lists = Doors(np.arange(len(stairs) + 1), 20.0)
    simulate_visits(lists, DoorKinds(120.0, 0.5, away=0.2), Crew(np.zeros(len(stairs))), seed=0)
    crowd = Crowd(people=100, asleep=0.3)
    first_rung(crowd, ladder)
    expected_reach(crowd, ladder, [60.0, 300.0])


if __name__ == "__main__":
    warm()
