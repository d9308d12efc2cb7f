"""Baking tiles: the only writer of tile sets."""

from datetime import date, datetime

from django.db import transaction

from shanzhi.city.maps import archive
from shanzhi.city.maps.drawing import layers_of
from shanzhi.city.maps.models import TileSet
from shanzhi.city.places import queries as places
from shanzhi.city.places.levels import Level
from shanzhi.core.geometry import MAX_ZOOM, pyramid
from shanzhi.core.kit.errors import NotFound
from shanzhi.core.kit.ids import uuid7

SCOPE_LEVELS = (Level.CITY, Level.COUNTY)
_ATTRIBUTION = "approx: 近似边界"


def bake(scope: str, *, on: date, at: datetime) -> TileSet | None:
    """Draw the tiles (生成瓦片) of the district or city with this code, as its tree is on a day.

    The set takes the place of those of the same day, of which one is kept for maps that are open; sets of other
    days stay. None when nothing in the place has a boundary or a point. Raises NotFound for another code.
    """
    place = places.by_code(scope, on)
    if place is None or place.level not in SCOPE_LEVELS:
        raise NotFound(field="scope")
    drawn = layers_of(place.id, on)
    if drawn is None:
        return None
    layers, bounds = drawn
    version = uuid7()
    file_name = f"{scope}-{version}.mbtiles"
    first = min(layer.min_zoom for layer in layers)
    written = archive.write(
        file_name,
        pyramid(layers, bounds),
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
