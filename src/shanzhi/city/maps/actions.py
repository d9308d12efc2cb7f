"""Baking tiles: the only writer of tile sets."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime

from django.db import transaction

from shanzhi.city.maps import archive
from shanzhi.city.maps.drawing import Bounds, homes_of, layers_of
from shanzhi.city.maps.models import TileSet
from shanzhi.city.places import queries
from shanzhi.city.places.levels import Level
from shanzhi.core.geometry import MAX_ZOOM, Layer, packed, packed_pyramid, pyramid
from shanzhi.core.kit.errors import NotFound
from shanzhi.core.kit.helpers import helping
from shanzhi.core.kit.ids import uuid7

SCOPE_LEVELS = (Level.CITY, Level.COUNTY)
_ATTRIBUTION = "approx: 近似边界"


def bake(scope: str, *, on: date, at: datetime) -> TileSet | None:
    """Draw the tiles (生成瓦片) of the district or city with this code, as its tree is on a day.

    The set takes the place of those of the same day, of which one is kept for maps that are open; sets of other
    days stay. None when nothing in the place has a boundary or a point. Raises NotFound for another code.
    """
    place = _scope(scope, on)
    drawn = layers_of(place.id, on, homes_of([place.id], on))
    if drawn is None:
        return None
    layers, bounds = drawn
    return _keep(scope, place, layers, bounds, pyramid(layers, bounds), on, at)


def bake_many(scopes: Sequence[str], *, on: date, at: datetime) -> list[TileSet]:
    """As `bake`, of several, by helpers on all cores; those that were made. Cities come first: they take longest."""
    places = [_scope(scope, on) for scope in scopes]
    places.sort(key=lambda place: place.level != Level.CITY)
    homes = homes_of([place.id for place in places], on)
    drawn: list[tuple[queries.Node, list[Layer], Bounds]] = []

    def tasks() -> Iterator[tuple[list[Layer], Bounds]]:
        for place in places:
            found = layers_of(place.id, on, homes)
            if found is not None:
                drawn.append((place, *found))
                yield packed(found[0]), found[1]

    made = []
    with helping() as ask:
        for number, tiles in enumerate(ask(packed_pyramid, tasks())):
            place, layers, bounds = drawn[number]
            made.append(_keep(place.code, place, layers, bounds, tiles, on, at))
    return made


def _scope(scope: str, on: date) -> queries.Node:
    place = queries.by_code(scope, on)
    if place is None or place.level not in SCOPE_LEVELS:
        raise NotFound(field="scope")
    return place


def _keep(
    scope: str,
    place: queries.Node,
    layers: Sequence[Layer],
    bounds: Bounds,
    tiles: Iterable[tuple[int, int, int, bytes]],
    on: date,
    at: datetime,
) -> TileSet:
    version = uuid7()
    file_name = f"{scope}-{version}.mbtiles"
    first = min(layer.min_zoom for layer in layers)
    written = archive.write(
        file_name,
        tiles,
        {
            "name": place.name, "format": "pbf", "type": "overlay", "version": str(version),
            "minzoom": str(first), "maxzoom": str(MAX_ZOOM), "bounds": ",".join(f"{value:.6f}" for value in bounds),
            "attribution": _ATTRIBUTION,
            "json": {
                "vector_layers": [
                    {
                        "id": layer.name, "minzoom": layer.min_zoom, "maxzoom": layer.max_zoom,
                        "fields": dict.fromkeys(layer.properties, ""),
                    }
                    for layer in layers
                ]
            },
        },
    )  # fmt: skip
    west, south, east, north = bounds
    with transaction.atomic():
        made = TileSet.objects.create(
            id=version, place_id=place.id, scope=scope, file_name=file_name, from_on=on, baked_at=at,
            features=sum(len(layer.shapes) for layer in layers), tiles=written.tiles,
            size_bytes=written.size_bytes, min_zoom=first, max_zoom=MAX_ZOOM,
            west=west, south=south, east=east, north=north,
        )  # fmt: skip
        same_day = TileSet.objects.filter(place_id=place.id, from_on=on).order_by("-baked_at", "-id")
        for old in list(same_day[2:]):
            old.delete()
            transaction.on_commit(lambda name=old.file_name: archive.remove(name))
    return made
