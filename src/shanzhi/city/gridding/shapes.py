"""Polygons of micro-grids (网格边界): the cells of their buildings, which tile the community."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import shapely
from django.db import connection
from numpy.typing import NDArray

from shanzhi.city.gridding.instance import Instance
from shanzhi.core.geometry.dividing import part_polygons


@dataclass(frozen=True)
class Outlines:
    """Names, codes and boundaries (WKB) of communities, and the boundaries of the grids in them."""

    names: dict[UUID, str]
    codes: dict[UUID, str]
    sent: dict[UUID, bytes]
    drawn_by_us: frozenset[UUID]

    def approximate(self, place: UUID) -> bool:
        """Whether what is cut from the place's boundary is approximate too."""
        return place not in self.sent or place in self.drawn_by_us

    def has(self, place: UUID) -> bool:
        """Whether the place has a boundary."""
        return place in self.sent

    def shape(self, place: UUID) -> Any:
        """The place's boundary; None when it has none."""
        sent = self.sent.get(place)
        return None if sent is None else shapely.from_wkb(sent)

    def holds(self, place: UUID, point: Any) -> bool:
        """Whether the place's boundary holds the point."""
        shape = self.shape(place)
        return shape is not None and bool(shape.covers(point))


def outlines(communities: Sequence[UUID]) -> Outlines:
    """Read what is known of these communities and the grids under them."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT p.id, p.name, p.code, p.boundary, p.approximate FROM places_place p WHERE p.id = ANY(%(ids)s)
            UNION ALL
            SELECT p.id, p.name, p.code, p.boundary, p.approximate FROM places_placeclosure k
            JOIN places_place p ON p.id = k.descendant_id AND p.level = 'grid' AND p.boundary IS NOT NULL
              AND p.closed_on IS NULL
            WHERE k.ancestor_id = ANY(%(ids)s) AND k.depth > 0 AND k.to_on IS NULL
            """,
            {"ids": list(communities)},
        )
        rows = cursor.fetchall()
    return Outlines(
        {row[0]: row[1] for row in rows},
        {row[0]: row[2] for row in rows},
        {row[0]: bytes(row[3]) for row in rows if row[3] is not None},
        frozenset(row[0] for row in rows if row[4]),
    )


def polygons(
    read: Instance, span: slice, labels: NDArray[np.int64], community: UUID, drawn: Outlines
) -> dict[int, Any]:
    """The polygon of each label of a community, in degrees; together they are the community."""
    found, shapes = part_polygons(
        read.lonlat[span], read.building[span], labels, read.households[span], drawn.shape(community)
    )
    return {int(label): shape for label, shape in zip(found, shapes, strict=True)}
