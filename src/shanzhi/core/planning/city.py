"""The checked input of a partition, as arrays that the kernels take."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shanzhi.core.planning.counting import misfit
from shanzhi.core.planning.forest import number_sets, span

Ints = NDArray[np.int32]


@dataclass(frozen=True)
class City:
    """Nodes and edges, and what follows from them at once."""

    households: Ints
    a: Ints
    b: Ints
    kind: NDArray[np.int8]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    # Building, stairwell and compound of each node, numbered from 0 (3, n).
    ids: Ints

    @property
    def count(self) -> int:
        return len(self.households)

    def sets(self, edges: NDArray[Any]) -> tuple[Ints, int]:
        """Connected sets of nodes along some edges: the set of each node, how many sets."""
        leader = np.arange(self.count, dtype=np.int32)
        span(self.a, self.b, edges, leader, np.zeros(len(self.a), np.bool_))
        found, count = number_sets(leader)
        return found, count


def _whole(name: str, given: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.int64]:
    values = np.asarray(given)
    if values.size == 0 and 0 in shape:
        return np.zeros(shape, np.int64)
    if values.shape != shape:
        raise ValueError(f"{name} must have the shape {shape}, not {values.shape}")
    if values.dtype.kind not in "iu":
        raise ValueError(f"{name} must be whole numbers")
    return values.astype(np.int64, copy=False)


def _numbered(name: str, given: ArrayLike, count: int) -> Ints:
    values = _whole(name, given, (count,))
    if count and (values.min() < 0 or values.max() >= 4 * count):
        values = np.unique(values, return_inverse=True)[1].reshape(count)
    return values.astype(np.int32)


def read_city(
    households: ArrayLike,
    edges: ArrayLike,
    kind: ArrayLike,
    xy: ArrayLike,
    compound: ArrayLike,
    building: ArrayLike,
    stairwell: ArrayLike,
) -> City:
    """Check the input. Raises ValueError naming the argument at fault."""
    count = np.asarray(households).size
    weights = _whole("households", households, (count,))
    if count and (weights.min() < 0 or weights.max() > 1_000_000):
        raise ValueError("households must be between 0 and 1,000,000")
    ends = _whole("edges", edges, (np.asarray(edges).size // 2, 2))
    kinds = _whole("kind", kind, (len(ends),))
    if len(ends) and (ends.min() < 0 or ends.max() >= count):
        raise ValueError("edges must name nodes that are there")
    a, b = ends[:, 0].astype(np.int32), ends[:, 1].astype(np.int32)
    if (a == b).any():
        raise ValueError("edges must join two different nodes")
    if len(ends) and (kinds.min() < 0 or kinds.max() > 3):
        raise ValueError("kind must be 0, 1, 2 or 3")
    places = np.asarray(xy, np.float64)
    if places.size == 0 and count == 0:
        places = places.reshape(0, 2)
    if places.shape != (count, 2) or not np.isfinite(places).all() or (np.abs(places) > 1e8).any():
        raise ValueError(f"xy must be {count} pairs of finite metres")
    kinds8 = kinds.astype(np.int8)
    ids = np.empty((3, count), np.int32)
    named = (("building", building), ("stairwell", stairwell), ("compound", compound))
    for row, (name, given) in enumerate(named):
        ids[row] = _numbered(name, given, count)
    if (wrong := misfit(a, b, kinds8, ids[2], ids[0], ids[1])) >= 0:
        raise ValueError(f"kind of edge {wrong} does not fit the compound, building or stairwell of its ends")
    # Whole centimetres: the order of lengths is then the same everywhere.
    grid = np.rint(places * 100)
    return City(weights.astype(np.int32), a, b, kinds8, grid[:, 0].copy(), grid[:, 1].copy(), ids)
