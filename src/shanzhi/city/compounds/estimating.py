"""Floors for compounds of which only the households are known (估算楼层): marked so, until real ones come."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import connection

from shanzhi.city.compounds.bulk import BulkRows
from shanzhi.city.compounds.kinds import CompoundKind

_METRES_A_DEGREE = 111_194.93
_TURN = math.pi * (3 - math.sqrt(5))  # a sunflower fills a disc evenly

_BARE = """
SELECT c.area, c.id, c.households, coalesce(c.buildings, 0), c.lon, c.lat, c.kind, c.opened_on
FROM compounds_compound c
WHERE c.households > 0 AND c.opened_on <= %(on)s AND (c.closed_on IS NULL OR c.closed_on > %(on)s)
  AND c.place_id IN (SELECT descendant_id FROM places_placeclosure WHERE ancestor_id = ANY(%(places)s)
                     AND from_on <= %(on)s AND (to_on IS NULL OR to_on > %(on)s))
  AND NOT EXISTS (SELECT 1 FROM compounds_building b JOIN compounds_floor f
                    ON f.area = b.area AND f.building_id = b.id AND f.closed_on IS NULL
                  WHERE b.area = c.area AND b.compound_id = c.id AND b.closed_on IS NULL)
ORDER BY c.area, c.id
"""


@dataclass(frozen=True)
class Look:
    """What a compound is taken to look like."""

    homes_a_building: int
    homes_a_floor: int
    floors_a_stairwell: int
    spacing_metres: float


def shares(whole: int, parts: int) -> list[int]:
    """Whole numbers as equal as can be, the larger first, that add up."""
    each, more = divmod(whole, parts)
    return [each + 1] * more + [each] * (parts - more)


def drawn(households: int, buildings: int, look: Look) -> Iterator[tuple[int, str, int, int]]:
    """(building, stairwell, floor, homes) of a compound with so many households."""
    count = buildings or max(1, round(households / look.homes_a_building))
    for building, homes in enumerate(shares(households, min(count, households))):
        stairs = max(1, math.ceil(homes / (look.homes_a_floor * look.floors_a_stairwell)))
        for stair, here in enumerate(shares(homes, min(stairs, homes))):
            floors = max(1, math.ceil(here / look.homes_a_floor))
            for floor, doors in enumerate(shares(here, min(floors, here))):
                yield building, f"{stair + 1}单元" if stairs > 1 else "", floor + 1, doors


def estimate(place_ids: Sequence[UUID], on: date, look: Look) -> int:
    """Give floors to the compounds under these places that have none; how many compounds that were.

    The buildings stand around the compound's point. Called in the transaction of whoever needs them.
    """
    with connection.cursor() as cursor:
        cursor.execute(_BARE, {"places": list(place_ids), "on": on})
        bare = cursor.fetchall()
    written = BulkRows()
    for area, compound, households, buildings, lon, lat, kind, since in bare:
        made: dict[int, UUID] = {}
        for building, stairwell, floor, doors in drawn(households, buildings, look):
            if building not in made:
                east, north = _beside(building, lon, lat, look.spacing_metres)
                made[building] = written.building(
                    area, compound, f"{building + 1}栋", east, north, since, True
                )
            homes, shops = (0, doors) if kind == CompoundKind.SHOPS else (doors, 0)
            written.floor(area, made[building], stairwell, floor, floor, homes, shops, since, True)
    written.write()
    return len(bare)


def _beside(
    number: int, lon: float | None, lat: float | None, spacing: float
) -> tuple[float | None, float | None]:
    if lon is None or lat is None:
        return None, None
    far, angle = spacing * math.sqrt(number) * 0.6, number * _TURN
    return (
        lon + far * math.cos(angle) / (_METRES_A_DEGREE * math.cos(math.radians(lat))),
        lat + far * math.sin(angle) / _METRES_A_DEGREE,
    )
