"""Cells of points and what is joined of them: polygons that tile an area without gaps or overlaps.

All lines between two labels - Voronoi ridges, cuts through shared cells and the border of the area - are noded
together once, and the faces between them are the answer. So neighbours share their vertices exactly, whatever
floating point did to them, and nothing is left over (polygonizing a noded set of lines, as in JTS).
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import Voronoi, cKDTree
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry as Area

from shanzhi.core.geometry.project import Floats, Shapes

Ints = NDArray[np.int64]

_DECIMALS = 3  # points within the same millimetre are one
_OVER = 1e-6  # metres by which a cut reaches over the border of its cell, so that it surely meets it
_FAR = 10.0
_LEAST = 1.0  # square metres, below which a building has no cell and shares another's
_HALVINGS = 34


def voronoi_cells(xy: ArrayLike, clip: Area) -> Shapes:
    """The part of `clip` that is nearer to each point than to the others (维诺图): (n,) polygons.

    `xy` (n, 2) and `clip` are in metres. The polygons together are exactly `clip`, without overlaps, and share
    their vertices. Points within the same millimetre share one cell in equal parallel strips, in their order.
    A point outside `clip` gets what lies nearest to it: an empty polygon when another point is nearer
    everywhere. Raises ValueError for no points, values that are not finite, or a clip that is no valid polygon.
    """
    points = _points(xy)
    each = np.arange(len(points))
    return _tiled(points, clip, each, each, np.ones(len(points)))


def grid_polygons(
    xy: ArrayLike, clip: Area, building: ArrayLike, label: ArrayLike, households: ArrayLike
) -> tuple[Ints, Shapes]:
    """The polygon of each micro-grid (微网格): the union of the cells of its buildings.

    `xy` (b, 2) are the buildings in metres, `clip` the community, `building` (n,), `label` (n,) and
    `households` (n,) say of each piece where it stands, to which micro-grid it belongs and how many live there.
    The cell of a building that several micro-grids share is cut across its longer side into parallel strips
    whose areas are as their households there (none counting as one), in the order of the pieces. A micro-grid
    whose buildings have less than a square metre of `clip`, as they lie outside, takes a strip of the nearest cell.

    Returns the labels in ascending order (g,) and their polygons (g,): valid, none empty, together exactly
    `clip`, with all vertices on shared borders shared. With the pieces' points as buildings and one household
    each it draws the approximate area of any group of points. Raises ValueError as `voronoi_cells`, or when
    the arrays do not fit together.
    """
    points = _points(xy)
    stands, named = np.asarray(building, np.int64), np.asarray(label, np.int64)
    weight = np.maximum(np.asarray(households, np.float64), 1.0)
    if not len(stands) == len(named) == len(weight) > 0:
        raise ValueError("building, label and households must be of one length, and not empty")
    if stands.min() < 0 or stands.max() >= len(points):
        raise ValueError("building must index xy")
    labels, dense = np.unique(named, return_inverse=True)
    shapes = _tiled(points, clip, stands, dense, weight)
    missing = shapely.area(shapes) < _LEAST
    if missing.any():
        moved = _taken_in(points, clip, stands, missing[dense])
        shapes = _tiled(points, clip, moved, dense, weight)
        if shapely.is_empty(shapes).any():
            raise ValueError("the area is too small for its buildings")
    return labels, shapes


def _points(xy: ArrayLike) -> Floats:
    points = np.asarray(xy, np.float64)
    if points.ndim != 2 or points.shape[1] != 2 or not len(points) or not np.isfinite(points).all():
        raise ValueError("xy must be (n, 2), finite and not empty")
    return points


def _taken_in(points: Floats, clip: Area, building: Ints, lost: NDArray[np.bool_]) -> Ints:
    """The pieces' buildings, where a lost piece stands at the nearest building that has a cell to share."""
    used = np.unique(building)
    area = _cell_areas(points[used], clip)
    able = used[area >= min(_LEAST, area.max())]
    nearest = cKDTree(points[able]).query(points[building[lost]])[1]
    moved = building.copy()
    moved[lost] = able[nearest]
    return moved


def _tiled(points: Floats, clip: Area, building: Ints, label: Ints, weight: Floats) -> Shapes:
    """A polygon, perhaps empty, for each of the labels 0 to the largest."""
    if not shapely.is_valid(clip) or shapely.area(clip) <= 0:
        raise ValueError("the area must be a valid polygon")
    rounded, at = np.unique(np.round(points[np.unique(building)], _DECIMALS), axis=0, return_inverse=True)
    site_of = np.zeros(len(points), np.int64)
    site_of[np.unique(building)] = at
    shares = _Shares.of(site_of[building], label, weight)
    count = int(label.max()) + 1
    if count == 1:
        return np.array([clip], object)
    lines, cuts = _linework(rounded, clip, shares)
    noded = shapely.union_all(np.append(lines, shapely.boundary(clip)))
    faces = shapely.get_parts(shapely.polygonize([noded]))
    inner = shapely.get_coordinates(shapely.point_on_surface(faces))
    shapely.prepare(clip)
    inside = shapely.contains_xy(clip, inner[:, 0], inner[:, 1])
    faces, inner = faces[inside], inner[inside]
    site = cKDTree(rounded).query(inner)[1]
    return joined(faces, shares.owner(site, inner, cuts), count)


@dataclass(frozen=True)
class _Shares:
    """Which labels stand at a site: rows in order of site, then of the pieces."""

    start: Ints  # (sites + 1,) first row of each site
    label: Ints
    weight: Floats

    @classmethod
    def of(cls, site: Ints, label: Ints, weight: Floats) -> "_Shares":
        width = int(label.max()) + 1
        pairs, first, row = np.unique(site * width + label, return_index=True, return_inverse=True)
        order = np.lexsort([first, pairs // width])
        start = np.searchsorted(pairs[order] // width, np.arange(int(site.max()) + 2))
        total: Floats = np.bincount(row, weight).astype(np.float64)
        return cls(start, (pairs % width)[order], total[order])

    def owner(self, site: Ints, inner: Floats, cuts: "_Cuts") -> Ints:
        """The label of each face, told by its site and an inner point (f, 2)."""
        row = self.start[site]
        for number in range(cuts.most):
            passed = cuts.at[site, number] <= inner[np.arange(len(site)), cuts.axis[site]]
            row = row + passed
        return self.label[row]


@dataclass(frozen=True)
class _Cuts:
    """Where shared cells are cut: across `axis` (s,) at the values `at` (s, most), infinite where there is none."""

    axis: Ints
    at: Floats

    @property
    def most(self) -> int:
        return self.at.shape[1]


def _cell_areas(points: Floats, clip: Area) -> Floats:
    """The areas of `voronoi_cells`, without the cells."""
    sites, at, times = np.unique(np.round(points, _DECIMALS), axis=0, return_inverse=True, return_counts=True)
    found, vertices = _voronoi(sites, clip)
    shapely.prepare(clip)
    cells = _regions(found, vertices, np.arange(len(sites)))
    crossing = ~shapely.contains_properly(clip, cells)
    cells[crossing] = shapely.intersection(cells[crossing], clip)
    return np.asarray((shapely.area(cells) / times)[at.reshape(-1)])


def _voronoi(sites: Floats, clip: Area) -> tuple[Voronoi, Floats]:
    """The Voronoi diagram of sites in an area, and its vertices: moved there, as it was made about the middle."""
    west, south, east, north = clip.bounds
    centre = np.array([west + east, south + north]) / 2
    radius = max(east - west, north - south, 2 * float(np.abs(sites - centre).max()), 1.0)
    # Eight points far away close the cells of the outermost sites; none of theirs reaches the area.
    ring = np.array([(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1) if x or y]) * radius * _FAR
    found = Voronoi(np.vstack([sites - centre, ring]))
    return found, found.vertices + centre


def _regions(found: Voronoi, vertices: Floats, sites: Ints) -> Shapes:
    """The convex cells of some sites."""
    rings = [found.regions[at] for at in found.point_region[sites].tolist()]
    if not rings:
        return np.zeros(0, object)
    ring_of = np.repeat(np.arange(len(rings)), [len(ring) for ring in rings])
    corners = vertices[np.concatenate(rings).astype(np.int64)]
    return np.asarray(shapely.polygons(shapely.linearrings(corners, indices=ring_of)))


def _linework(sites: Floats, clip: Area, shares: _Shares) -> tuple[Shapes, _Cuts]:
    """Every line between two labels that may cross the area, and the cuts among them."""
    count = len(sites)
    west, south, east, north = clip.bounds
    found, vertices = _voronoi(sites, clip)
    pair = found.ridge_points
    ends = np.array(found.ridge_vertices)
    shared = np.diff(shares.start) > 1
    only = np.append(np.where(shared, -1, shares.label[shares.start[:-1]]), np.full(8, -1))
    wanted = ((pair < count).all(1) & (ends >= 0).all(1)) & (
        (only[pair[:, 0]] != only[pair[:, 1]]) | (only[pair] < 0).any(1)
    )
    lines = vertices[ends[wanted]]
    low, high = lines.min(1), lines.max(1)
    lines = lines[((low <= (east, north)) & (high >= (west, south))).all(1)]
    held = np.flatnonzero(shared)
    regions = _regions(found, vertices, held)
    chords, cuts = _cut(held, regions, clip, shares, count)
    return shapely.linestrings(np.concatenate([lines, chords])), cuts


def _cut(shared: Ints, regions: Shapes, clip: Area, shares: _Shares, count: int) -> tuple[Floats, _Cuts]:
    """The chords (c, 2, 2) that cut the convex cells of shared sites, and where they lie."""
    axis = np.zeros(count, np.int64)
    parts = np.diff(shares.start)[shared]
    at = np.full((count, int(parts.max()) - 1 if len(parts) else 0), np.inf)
    if not len(shared):
        return np.zeros((0, 2, 2)), _Cuts(axis, at)
    shapely.prepare(clip)
    cells = regions.copy()
    crossing = ~shapely.contains_properly(clip, cells)
    cells[crossing] = shapely.intersection(cells[crossing], clip)
    bounds = shapely.bounds(cells)
    axis[shared] = (bounds[:, 3] - bounds[:, 1]) > (bounds[:, 2] - bounds[:, 0])
    having = np.flatnonzero(shapely.area(cells) > 0)
    row = np.repeat(having, parts[having] - 1)
    first = shares.start[shared[row]]
    nth = np.arange(len(row)) - np.searchsorted(row, row)
    behind = np.append(0.0, np.cumsum(shares.weight))
    fraction = (behind[first + nth + 1] - behind[first]) / (behind[first + parts[row]] - behind[first])
    value = _positions(cells[row], axis[shared[row]], fraction)
    at[shared[row], nth] = value
    return _chords(regions[row], axis[shared[row]], value), _Cuts(axis, at)


def _positions(cells: Shapes, axis: Ints, fraction: Floats) -> Floats:
    """Where along its axis (k,) each cell has the fraction (k,) of its area behind.

    The area behind t is the integral of max(t - a, 0) db along the oriented border (Green's theorem), which
    grows with t; it is halved down to the place.
    """
    parts, cell = shapely.get_parts(shapely.orient_polygons(cells), return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    of = cell[part][ring]
    along, other = (np.where(axis[of] == side, points[:, 0], points[:, 1]) for side in (0, 1))
    edge = np.flatnonzero(ring[1:] == ring[:-1])
    of, from_a, to_a = of[edge], along[edge], along[edge + 1]
    rise = other[edge + 1] - other[edge]

    def behind(t: Floats) -> Floats:
        one, two = t[of] - from_a, t[of] - to_a
        ahead, back = np.maximum(one, two), np.minimum(one, two)
        partly = ahead * ahead / (2 * np.where(ahead > back, ahead - back, 1.0))
        mean = np.where(back >= 0, (one + two) / 2, np.where(ahead > 0, partly, 0.0))
        return np.bincount(of, mean * rise, len(cells)).astype(np.float64)

    bounds = shapely.bounds(cells)
    low, high = (np.where(axis == 0, bounds[:, side], bounds[:, side + 1]) for side in (0, 2))
    full = behind(high)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        short = behind(middle) / full < fraction
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    return (low + high) / 2


def _chords(regions: Shapes, axis: Ints, value: Floats) -> Floats:
    """Lines (c, 2, 2) across convex polygons (c,) at a value of one coordinate, a little over both ends."""
    points, of = shapely.get_coordinates(regions, return_index=True)
    along, other = (np.where(axis[of] == side, points[:, 0], points[:, 1]) for side in (0, 1))
    behind = along <= value[of]
    edge = np.flatnonzero((behind[1:] != behind[:-1]) & (of[1:] == of[:-1]))
    # A convex border passes the value twice; not at all where the cell has next to no width.
    edge = edge[np.bincount(of[edge], minlength=len(value))[of[edge]] == 2]
    which = of[edge]
    share = (value[which] - along[edge]) / (along[edge + 1] - along[edge])
    ends = np.sort((other[edge] + share * (other[edge + 1] - other[edge])).reshape(-1, 2)) + (-_OVER, _OVER)
    across = np.broadcast_to(value[which[::2], None], ends.shape)
    level = axis[which[::2], None] == 0
    return np.stack([np.where(level, across, ends), np.where(level, ends, across)], axis=2)


def joined(faces: Shapes, owner: Ints, count: int) -> Shapes:
    """The faces of each label as one polygon; an empty one for a label without a face."""
    result = np.full(count, Polygon(), object)
    order = np.argsort(owner, kind="stable")
    labels, start, size = np.unique(owner[order], return_index=True, return_counts=True)
    single = size == 1
    result[labels[single]] = faces[order[start[single]]]
    several = np.flatnonzero(~single)
    if len(several):
        held = np.full((len(several), int(size.max())), None, object)
        for row, at in enumerate(several.tolist()):
            held[row, : size[at]] = faces[order[start[at] : start[at] + size[at]]]
        result[labels[several]] = shapely.coverage_union_all(held, axis=1)
    return result
