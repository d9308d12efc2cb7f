"""Rings of polygons as flat arrays: cut at tiles, rounded to their grid, written as commands."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from shanzhi.core.geometry import wire
from shanzhi.core.geometry.project import Floats, Shapes
from shanzhi.core.geometry.wire import EXTENT, Ints

BUFFER = 64  # of 4096: eight pixels of a tile of 512
_PIXEL = 64.0  # area of a pixel of a tile of 512, in units of its grid


@dataclass(frozen=True)
class Rings:
    """Open rings: `points` (n, 2), `counts` (r,) of points, `feature` (r,), `shell` (r,) the number of the ring
    in which each lies (its own for a shell), `number` (r,). `tile` (r, 2) is the column and row it was cut to."""

    points: Floats
    counts: Ints
    feature: Ints
    shell: Ints
    number: Ints
    tile: Ints

    @classmethod
    def of(cls, shapes: Shapes, scale: float) -> "Rings":
        """The rings of polygons (n,), times `scale`, shells turning from x to y."""
        parts, feature = shapely.get_parts(shapely.orient_polygons(shapes), return_index=True)
        polygon = shapely.get_type_id(parts) == 3
        rings, part = shapely.get_rings(parts[polygon], return_index=True)
        points, ring = shapely.get_coordinates(rings, return_index=True)
        counts = np.bincount(ring, minlength=len(rings))
        closing = np.cumsum(counts) - 1
        number = np.arange(len(rings))
        shell = np.searchsorted(part, part)
        points = np.delete(points, closing, axis=0) * scale
        return cls(
            points, counts - 1, feature[polygon][part], shell, number, np.zeros((len(rings), 2), np.int64)
        )

    @property
    def start(self) -> Ints:
        """The first point of each ring."""
        return np.cumsum(self.counts) - self.counts

    @property
    def next(self) -> Ints:
        """The point after each, the first after the last of a ring."""
        after = np.arange(1, len(self.points) + 1)
        after[self.start + self.counts - 1] = self.start
        return after

    def take(self, rows: Ints) -> "Rings":
        """Some of the rings, each as often as it is named."""
        counts = self.counts[rows]
        spread = np.repeat(self.start[rows] - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
        return Rings(
            self.points[spread],
            counts,
            self.feature[rows],
            self.shell[rows],
            self.number[rows],
            self.tile[rows],
        )

    def with_points(self, points: Floats, counts: Ints) -> "Rings":
        """The same rings with other points; rings of fewer than three are left out."""
        keep = counts >= 3
        return Rings(
            points[np.repeat(keep, counts)], counts[keep], self.feature[keep], self.shell[keep],
            self.number[keep], self.tile[keep],
        )  # fmt: skip

    def doubled_areas(self) -> Floats:
        """Twice the signed area of each ring (Gauss's shoelace formula)."""
        after = self.points[self.next]
        cross = self.points[:, 0] * after[:, 1] - after[:, 0] * self.points[:, 1]
        return np.add.reduceat(cross, self.start) if len(self.counts) else np.zeros(0)


def without_specks(rings: Rings) -> Rings:
    """Leave out islands and holes below a pixel; the largest ring of a feature always stays."""
    if not len(rings.counts):
        return rings
    area = np.abs(rings.doubled_areas()) / 2
    largest = np.zeros(int(rings.feature.max()) + 1)
    np.maximum.at(largest, rings.feature, area)
    return rings.take(np.flatnonzero((area >= _PIXEL) | (area == largest[rings.feature])))


def tiled(rings: Rings) -> Rings:
    """The rings cut to every tile that they reach, with a buffer; first in columns, then these in rows."""
    for axis in (0, 1):
        if not len(rings.counts):
            break
        low = np.floor((np.minimum.reduceat(rings.points[:, axis], rings.start) - BUFFER) / EXTENT)
        high = np.floor((np.maximum.reduceat(rings.points[:, axis], rings.start) + BUFFER) / EXTENT)
        times = (high - low).astype(np.int64) + 1
        rows = np.repeat(np.arange(len(times)), times)
        at = low.astype(np.int64)[rows] + np.arange(len(rows)) - np.repeat(np.cumsum(times) - times, times)
        rings = rings.take(rows)
        rings.tile[:, axis] = at
        rings = _half(rings, axis, at * EXTENT - BUFFER, 1)
        rings = _half(rings, axis, (rings.tile[:, axis] + 1) * EXTENT + BUFFER, -1)
    return rings


def _half(rings: Rings, axis: int, bound: Ints, side: int) -> Rings:
    """What lies beyond `bound` (r,) on an axis (Sutherland and Hodgman, "Reentrant polygon clipping", 1974)."""
    if not len(rings.counts):
        return rings
    limit = np.repeat(bound, rings.counts).astype(np.float64)
    inside = (rings.points[:, axis] - limit) * side >= 0
    if inside.all():
        return rings
    after = rings.next
    crossing = inside != inside[after]
    emitted = inside.astype(np.int64) + crossing
    place = np.cumsum(emitted) - emitted
    made = np.empty((int(emitted.sum()), 2))
    made[place[inside]] = rings.points[inside]
    # Both neighbours of a border must get the same point, so the ends are taken in one order.
    here, there = rings.points[crossing], rings.points[after[crossing]]
    swap = (here[:, axis] > there[:, axis])[:, None]
    low, high = np.where(swap, there, here), np.where(swap, here, there)
    at = limit[crossing]
    share = (at - low[:, axis]) / (high[:, axis] - low[:, axis])
    cut = np.empty((len(at), 2))
    cut[:, axis] = at
    cut[:, 1 - axis] = low[:, 1 - axis] + share * (high[:, 1 - axis] - low[:, 1 - axis])
    made[(place + inside)[crossing]] = cut
    return rings.with_points(made, np.add.reduceat(emitted, rings.start))


def rounded(rings: Rings) -> Rings:
    """The rings on the grid of their tiles, in order of row, column and number; what vanishes is left out."""
    if not len(rings.counts):
        return rings
    rings = rings.take(np.lexsort([rings.number, rings.tile[:, 1], rings.tile[:, 0]]))
    points = np.rint(rings.points - np.repeat(rings.tile, rings.counts, axis=0) * EXTENT)
    keep = (points != points[rings.next]).any(1)
    rings = rings.with_points(points[keep], np.add.reduceat(keep.astype(np.int64), rings.start))
    area = rings.doubled_areas()
    rings = rings.take(np.flatnonzero(np.where(rings.shell == rings.number, area > 0, area < 0)))
    is_shell = rings.shell == rings.number
    last = np.maximum.accumulate(np.where(is_shell, np.arange(len(is_shell)), 0))
    # A hole stays only with the shell around it, which stands before it.
    held = (rings.number[last] == rings.shell) & (rings.tile[last] == rings.tile).all(1)
    return rings.take(np.flatnonzero(held))


def commands(rings: Rings) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    """Rings in tiles as numbers, how many for each feature in a tile, and which rings begin one."""
    begins = np.ones(len(rings.counts), bool)
    begins[1:] = (rings.feature[1:] != rings.feature[:-1]) | (rings.tile[1:] != rings.tile[:-1]).any(1)
    points = rings.points.astype(np.int64)
    before = np.vstack([np.zeros((1, 2), np.int64), points[:-1]])
    before[rings.start[begins]] = 0
    steps = wire.zigzag(points - before)
    counts = 2 * rings.counts + 3
    at = np.cumsum(counts) - counts
    numbers = np.empty(int(counts.sum()), np.int64)
    numbers[at] = wire.MOVE_TO
    numbers[at + 3] = wire.line_to(rings.counts - 1)
    numbers[at + counts - 1] = wire.CLOSE
    nth = np.arange(len(points)) - np.repeat(rings.start, rings.counts)
    place = np.repeat(at, rings.counts) + 2 * nth + np.where(nth == 0, 1, 2)
    numbers[place], numbers[place + 1] = steps[:, 0], steps[:, 1]
    lengths = np.add.reduceat(counts, np.flatnonzero(begins)) if len(counts) else counts
    return numbers, lengths, begins
