"""Neighbours that were drawn apart get the same vertices, so that what they share is simplified alike."""

import numpy as np
import shapely
from numpy.typing import NDArray

from shanzhi.core.geometry.project import Floats, Shapes
from shanzhi.core.geometry.wire import Ints


def matched(shapes: Shapes, tolerance: float) -> Shapes:
    """Polygons (n,) with each other's vertices put into their borders, where these pass within `tolerance`.

    Cells of two communities meet in a border on which each side has corners that the other has not; then no
    edge of one is an edge of the other. Only edges that have no twin are looked at. A border moves by the
    tolerance at most; a polygon that is nothing on the grid of the coordinates comes back empty. Coordinates are
    compared exactly, so they should lie on a grid finer than the tolerance.
    """
    kind, points, offsets = shapely.to_ragged_array(shapes)
    rings = offsets[0].astype(np.int64)
    edge = np.delete(np.arange(len(points)), rings[1:] - 1)
    edge = edge[(points[edge] != points[edge + 1]).any(1)]
    edge = edge[_single(points, edge)]
    ends = _whole(points)[np.concatenate([edge, edge + 1])]
    corners = np.unique(ends).view(np.float64).reshape(-1, 2)
    lines = shapely.linestrings(np.stack([points[edge], points[edge + 1]], axis=1))
    line, corner = shapely.STRtree(shapely.points(corners)).query(
        lines, predicate="dwithin", distance=tolerance
    )
    at, new = edge[line], corners[corner]
    along = points[at + 1] - points[at]
    place = ((new - points[at]) * along).sum(1) / (along * along).sum(1)
    inside = (place > 0) & (place < 1) & (new != points[at]).any(1) & (new != points[at + 1]).any(1)
    at, new, place = at[inside], new[inside], place[inside]
    order = np.lexsort([place, at])
    at, new = at[order], new[order]
    points = np.insert(points, at + 1, new, axis=0)
    moved = rings + np.searchsorted(at + 1, rings, side="left")
    made = np.asarray(shapely.from_ragged_array(kind, points, (moved, *offsets[1:])))
    # What is narrower than the grid crosses itself now, or is nothing.
    wrong = ~shapely.is_valid(made)
    made[wrong] = shapely.make_valid(made[wrong], method="structure", keep_collapsed=False)
    return made


def _whole(points: Floats) -> NDArray[np.complex128]:
    """Points (n, 2) as one number each, which sorts faster."""
    return np.ascontiguousarray(points).view(np.complex128).ravel()


def _single(points: Floats, edge: Ints) -> NDArray[np.bool_]:
    """Which edges, given by their first point, no other has in either direction."""
    _, number = np.unique(_whole(points), return_inverse=True)
    one, two = number[edge], number[edge + 1]
    width = int(number.max(initial=0)) + 1
    _, at, times = np.unique(
        np.minimum(one, two) * width + np.maximum(one, two), return_inverse=True, return_counts=True
    )
    return np.asarray(times[at] == 1)
