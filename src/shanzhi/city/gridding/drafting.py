"""Working out a proposal: arrays in, labels, grids and numbers out. No row is written here."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from shanzhi.city.gridding.bounds import Bounds
from shanzhi.city.gridding.instance import Instance
from shanzhi.core.planning import partition

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Draft:
    """Per community of the instance: its floors' labels, from 0, its micro-grids and its grids."""

    labels: list[Ints]
    microgrids: list[list[dict[str, Any]]]
    grids: list[list[str | None]]
    numbers: dict[str, Any]


def work_out(
    found: Instance, bounds: Bounds, of_grids: Bounds, mode: str, grid_of: dict[UUID, UUID], stable: bool
) -> Draft:
    """Divide all communities at once (划分). `grid_of`: the grid above each micro-grid in force.

    With `stable` what is in force and still good stays, with its places; else only its numbers are kept.
    """
    edges, kind = found.edges
    made = partition(
        found.households, edges, kind, found.xy, compound=found.compound, building=found.building,
        stairwell=found.stairwell, low=bounds.low, high=bounds.high, target=bounds.target,
        previous=found.microgrid, stability=1.0 if stable else 0.0, mode="best" if mode == "best" else "fast",
    )  # fmt: skip
    at = np.searchsorted(made.numbers, made.label)
    kept = _kept(found, made.numbers, at)
    gathered = _gather(found, at, len(made.numbers), kept, grid_of, of_grids)
    homes = np.bincount(at, found.homes, len(made.numbers)).astype(int)
    shops = np.bincount(at, found.shops, len(made.numbers)).astype(int)
    floors = np.bincount(at, minlength=len(made.numbers))
    labels, microgrids, grids = [], [], []
    for span in found.slices():
        here, local = np.unique(at[span], return_inverse=True)
        above, grid = np.unique(gathered[0][here], return_inverse=True)
        labels.append(local.reshape(-1).astype(np.int64))
        microgrids.append(
            [
                {
                    "label": number, "place": None if kept[part] is None else str(kept[part]),
                    "grid": int(grid[number]), "households": int(homes[part] + shops[part]),
                    "shops": int(shops[part]), "floors": int(floors[part]),
                    "certificate": int(made.certificate[part]), "accept": "",
                }
                for number, part in enumerate(here.tolist())
            ]
        )  # fmt: skip
        grids.append([None if (place := gathered[1][g]) is None else str(place) for g in above.tolist()])
    numbers = {name: round(value, 4) for name, value in asdict(made.counts).items()} | {
        "kept": sum(place is not None for place in kept),
        "grids": int(len(gathered[1])),
        "floors": len(found.raw),
        "households": int(found.households.sum()),
        "communities": len(found.communities),
    }
    return Draft(labels, microgrids, grids, numbers)


def _kept(found: Instance, numbers: Ints, at: Ints) -> list[UUID | None]:
    """The place that a part goes on being: that of its number, if it lies in the same community."""
    community = np.zeros(len(numbers), np.int64)
    community[at] = found.community
    was = np.full(len(found.microgrids), -1, np.int64)
    held = found.microgrid >= 0
    was[found.microgrid[held]] = found.community[held]
    return [
        found.microgrids[number] if number < len(was) and was[number] == community[part] else None
        for part, number in enumerate(numbers.tolist())
    ]


def _gather(
    found: Instance,
    at: Ints,
    count: int,
    kept: Sequence[UUID | None],
    grid_of: dict[UUID, UUID],
    bounds: Bounds,
) -> tuple[Ints, list[UUID | None]]:
    """Micro-grids to grids (一般网格): the grid of each micro-grid, and the place of each grid or None."""
    weights = np.bincount(at, found.households, count).astype(np.int64)
    centre: NDArray[np.float64] = np.stack(
        [np.bincount(at, found.xy[:, axis], count) for axis in (0, 1)], axis=1
    )
    centre = centre / np.bincount(at, minlength=count)[:, None]
    edges, _ = found.edges
    ends = np.sort(at[edges], axis=1)
    ends = np.unique(ends[ends[:, 0] != ends[:, 1]], axis=0) if len(ends) else ends
    above: list[int] = []
    index: dict[UUID, int] = {}
    for place in kept:
        grid = None if place is None else grid_of.get(place)
        above.append(-1 if grid is None else index.setdefault(grid, len(index)))
    known = list(index)
    alone = np.arange(count)
    made = partition(
        np.minimum(weights, 1_000_000), ends, np.full(len(ends), 3), centre, compound=alone, building=alone,
        stairwell=alone, low=bounds.low, high=bounds.high, target=bounds.target,
        previous=np.array(above, np.int64).reshape(count),
    )  # fmt: skip
    place_of = [known[number] if number < len(known) else None for number in made.numbers.tolist()]
    return np.searchsorted(made.numbers, made.label), place_of
