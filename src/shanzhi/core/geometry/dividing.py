"""Polygons of the parts of a community (网格边界): cells of its buildings, joined by part and by group of parts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from shanzhi.core.geometry.cells import Ints, grid_polygons, joined
from shanzhi.core.geometry.project import Floats, Metres, Shapes

# Around the buildings of a community whose boundary nobody knows.
MARGIN_METRES = 60.0


@dataclass(frozen=True)
class Divided:
    """A community to draw: of n pieces where they stand (degrees), building, part, households; of each part in
    ascending order its group; and its own boundary (WKB, degrees), if it has one."""

    lonlat: Floats
    building: Ints
    part: Ints
    households: Ints
    group: Ints
    boundary: bytes | None


@dataclass(frozen=True)
class Drawn:
    """Boundaries (WKB, degrees) of its parts, and of its groups, each with a point inside (k, 2)."""

    part: Sequence[bytes]
    inside_part: Floats
    group: Sequence[bytes]
    inside_group: Floats


def part_polygons(
    lonlat: Floats, building: Ints, part: Ints, households: Ints, boundary: Any
) -> tuple[Ints, Shapes]:
    """The parts in ascending order and their polygons, in degrees; together they are the community."""
    plane = Metres.about(*lonlat.T)
    xy = plane.from_degrees(lonlat)
    houses, stands = np.unique(building, return_inverse=True)
    stands = stands.reshape(-1)
    spots: NDArray[np.float64] = np.stack([np.bincount(stands, xy[:, axis]) for axis in (0, 1)], axis=1)
    spots = spots / np.bincount(stands, minlength=len(houses))[:, None]
    if boundary is None:
        clip = shapely.MultiPoint(spots).convex_hull.buffer(MARGIN_METRES)
    else:
        clip = plane.shapes_from_degrees(boundary).item()
    found, shapes = grid_polygons(spots, clip, stands, part, households)
    return found, plane.shapes_to_degrees(shapes)


def draw(many: Sequence[Divided]) -> list[Drawn]:
    """Draw communities one after another: work for a helper (core/kit/helpers)."""
    return [_drawn(one) for one in many]


def _drawn(one: Divided) -> Drawn:
    boundary = None if one.boundary is None else shapely.from_wkb(one.boundary)
    _, parts = part_polygons(one.lonlat, one.building, one.part, one.households, boundary)
    groups = joined(parts, one.group, int(one.group.max()) + 1)
    sent = [shapely.to_wkb(shapes).tolist() for shapes in (parts, groups)]
    inside = [shapely.get_coordinates(shapely.point_on_surface(shapes)) for shapes in (parts, groups)]
    return Drawn(sent[0], inside[0], sent[1], inside[1])
