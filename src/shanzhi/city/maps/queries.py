"""Every read of tile sets."""

import time
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from uuid import UUID

from django.db import connection

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import PLACE_VIEW
from shanzhi.city.maps import archive
from shanzhi.city.maps.models import TileSet
from shanzhi.city.places import queries as places
from shanzhi.city.places.levels import Level
from shanzhi.core.kit.errors import NotFound

_KEPT_SECONDS = 5

# Scopes in which the actor sees everything, or, of districts, in which one of their posts stands.
_SCOPES = """
SELECT p.id FROM places_place p WHERE p.level = ANY(%(levels)s) AND (
  EXISTS (SELECT 1 FROM places_placeclosure k WHERE k.descendant_id = p.id AND k.ancestor_id = ANY(%(grounds)s)
          AND k.from_on <= %(on)s AND (k.to_on IS NULL OR k.to_on > %(on)s))
  OR p.level = %(county)s AND EXISTS (
    SELECT 1 FROM places_placeclosure k WHERE k.ancestor_id = p.id AND k.descendant_id = ANY(%(grounds)s)
    AND k.from_on <= %(on)s AND (k.to_on IS NULL OR k.to_on > %(on)s)))
"""
_NEWEST = """
SELECT DISTINCT ON (place_id) id FROM maps_tileset WHERE from_on <= %s
ORDER BY place_id, from_on DESC, baked_at DESC, id DESC
"""
_UNDER = """
SELECT descendant_id FROM places_placeclosure WHERE ancestor_id = ANY(%s) AND descendant_id = ANY(%s)
AND depth > 0 AND from_on <= %s AND (to_on IS NULL OR to_on > %s)
"""


def _scopes(grounds: Sequence[UUID], on: date) -> frozenset[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(
            _SCOPES,
            {
                "levels": [Level.CITY, Level.COUNTY], "county": Level.COUNTY, "grounds": list(grounds), "on": on,
            },
        )  # fmt: skip
        return frozenset(place for (place,) in cursor.fetchall())


def tile_sets(actor: Actor, on: date, as_of: date) -> list[TileSet]:
    """The sets that show what the actor may see as it was on a day (按日期): the city's, or the districts'.

    A post below a district opens that district's set; none opens another's.
    """
    grounds = places.reach(actor, PLACE_VIEW)
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST, [as_of])
        newest = [version for (version,) in cursor.fetchall()]
    found = TileSet.objects.filter(id__in=newest).order_by("scope")
    if grounds is not None:
        found = found.filter(place__in=_scopes(grounds, on))
    sets = list(found.select_related("place"))
    mine = [one.place_id for one in sets]
    with connection.cursor() as cursor:
        cursor.execute(_UNDER, [mine, mine, on, on])
        covered = {place for (place,) in cursor.fetchall()}
    return [one for one in sets if one.place_id not in covered]


def tile(scope: str, version: UUID, zoom: int, column: int, row: int, actor: Actor, on: date) -> bytes | None:
    """A gzipped tile, None where there is nothing. Raises NotFound for a set out of the actor's sight."""
    grounds = places.reach(actor, PLACE_VIEW)
    asked = None if grounds is None else tuple(sorted(grounds))
    file_name = _file_of(scope, version, asked, on, int(time.monotonic() // _KEPT_SECONDS))
    if file_name is None:
        raise NotFound(field="scope")
    if not 0 <= zoom < 32 or not 0 <= column < 1 << zoom or not 0 <= row < 1 << zoom:
        return None
    try:
        return archive.read(file_name, zoom, column, row)
    except FileNotFoundError as error:
        raise NotFound(field="version") from error


@lru_cache(maxsize=4096)
def _file_of(
    scope: str, version: UUID, grounds: tuple[UUID, ...] | None, on: date, moment: int
) -> str | None:
    """The file of a set for whoever reaches down from these grounds: a map asks for dozens of tiles at once."""
    found = TileSet.objects.filter(id=version, scope=scope).first()
    if found is None or (grounds is not None and found.place_id not in _scopes(grounds, on)):
        return None
    return str(found.file_name)
