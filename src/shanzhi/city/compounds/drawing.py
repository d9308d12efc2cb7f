"""Approximate boundaries (近似边界): cells of what is known to lie in each place. Called by `actions` alone."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

import numpy as np
import shapely
from django.db import connection
from shapely.geometry.base import BaseGeometry

from shanzhi.city.compounds import queries
from shanzhi.city.places.boundaries import write_outlines
from shanzhi.city.places.levels import Level
from shanzhi.city.places.naming import Known
from shanzhi.city.places.outlines import Outlines, read_outlines
from shanzhi.core.geometry import Metres, grid_polygons

# A known point this far outside the place above is some mistake, and would bend the cells of others.
_OUTSIDE_METRES = 2_000.0
_LEAST_SQUARE_METRES = 1.0


@dataclass
class Drawing:
    """What was drawn: places with a new approximate boundary, with a real one that stays, without any point."""

    drawn: list[UUID] = field(default_factory=list)
    kept: list[UUID] = field(default_factory=list)
    without_points: list[UUID] = field(default_factory=list)
    without_room: list[UUID] = field(default_factory=list)
    names: dict[UUID, Known] = field(default_factory=dict)

    def named(self, ids: Iterable[UUID]) -> list[Known]:
        """Places with code and name, by code."""
        return sorted((self.names[one] for one in ids), key=lambda one: one.code)


def draw(place_id: UUID, level: Level, on: date, *, dry_run: bool) -> Drawing:
    """Draw what has no real boundary under a place, level by level down to `level`.

    Streets come before communities: a compound whose community is not known still says where its street is, and
    the cells of communities are then cut by their street. A place is the union of the Voronoi cells of the
    compounds known to lie in it, or of its own point where there are none, within the place above and outside of
    its real neighbours. Where the place above has no boundary nothing is drawn below it.
    """
    outlines = read_outlines(on, [place_id])
    top = outlines.names.by_id[place_id]
    result = Drawing(names=outlines.names.by_id)
    for rank in range(top.level.rank + 1, level.rank + 1):
        step = list(Level)[rank]
        families = defaultdict(list)
        for one in outlines.names.by_id.values():
            if one.level is step and place_id in one.above:
                parent = _parent(one.above, step, outlines)
                if parent is not None:
                    families[parent].append(one.id)
        for parent, children in sorted(families.items(), key=lambda item: str(item[0])):
            _family(parent, sorted(children, key=str), outlines, on, result)
    if not dry_run:
        _write(result, outlines)
    return result


def _parent(above: Iterable[UUID], step: Level, outlines: Outlines) -> UUID | None:
    """The nearest place above: its boundary is the frame."""
    ranked = [outlines.names.by_id[one] for one in above if one in outlines.names.by_id]
    nearest = max(
        (one for one in ranked if one.level.rank < step.rank), key=lambda one: one.level.rank, default=None
    )
    return None if nearest is None else nearest.id


def _family(parent: UUID, children: list[UUID], outlines: Outlines, on: date, result: Drawing) -> None:
    real = [one for one in children if one in outlines.shapes and one not in outlines.approximate]
    result.kept += real
    wanted = [one for one in children if one not in real]
    frame = outlines.shapes.get(parent)
    if frame is None or not wanted:
        result.without_room += wanted
        return
    places, points = _points(wanted, frame, on)
    result.without_points += [one for one in wanted if one not in set(places)]
    if not places:
        return
    lonlat = np.array(points, dtype=np.float64)
    corners = shapely.get_coordinates(frame)
    plane = Metres.about(corners[:, 0], corners[:, 1])
    room = plane.shapes_from_degrees(np.array([frame], dtype=object))[0]
    if real:
        others = plane.shapes_from_degrees(np.array([outlines.shapes[one] for one in real], dtype=object))
        room = _polygons(shapely.difference(room, shapely.union_all(others)))
    if room is None or room.area < _LEAST_SQUARE_METRES:
        result.without_room += sorted(set(places), key=str)
        return
    order = sorted(set(places), key=str)
    label = np.array([order.index(one) for one in places])
    number, cells = grid_polygons(
        plane.from_degrees(lonlat), room, np.arange(len(places)), label, np.ones(len(places))
    )
    for at, shape in zip(number.tolist(), plane.shapes_to_degrees(cells), strict=True):
        sound = _polygons(shape if shape.is_valid else shapely.make_valid(shape))
        if sound is not None:
            outlines.shapes[order[at]] = sound
            result.drawn.append(order[at])


def _polygons(shape: BaseGeometry) -> BaseGeometry | None:
    parts = [
        part for part in shapely.get_parts(shape).tolist() if part.geom_type in {"Polygon", "MultiPolygon"}
    ]
    joined = shapely.union_all(parts) if parts else None
    return None if joined is None or joined.is_empty else joined


def _points(
    wanted: list[UUID], frame: BaseGeometry, on: date
) -> tuple[list[UUID], list[tuple[float, float]]]:
    """Points known to lie in each place: its compounds, else its own; those far outside the frame are left out."""
    known = queries.points_in(wanted, on)
    bare = [one for one in wanted if one not in known]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, lon, lat FROM places_place WHERE id = ANY(%s) AND lon IS NOT NULL "
            "AND (boundary IS NULL OR approximate)",
            [bare],
        )
        known |= {place: [(lon, lat)] for place, lon, lat in cursor.fetchall()}
    reach = shapely.buffer(frame, _OUTSIDE_METRES / 111_320.0)
    shapely.prepare(reach)
    places: list[UUID] = []
    points: list[tuple[float, float]] = []
    for one in wanted:
        for lon, lat in known.get(one, ()):
            if shapely.contains_xy(reach, lon, lat):
                places.append(one)
                points.append((lon, lat))
    return places, points


def _write(result: Drawing, outlines: Outlines) -> None:
    rows = []
    for one in result.drawn:
        shape = outlines.shapes[one]
        inside = shape.representative_point()
        rows.append((one, shapely.to_wkb(shape), True, inside.x, inside.y))
    if rows:
        write_outlines(rows)
