"""Vector tiles (矢量瓦片) of layers of polygons and points, over a range of zooms."""

import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely

from shanzhi.core.geometry import wire
from shanzhi.core.geometry.project import Floats, Shapes, mercator
from shanzhi.core.geometry.rings import BUFFER, Rings, commands, rounded, tiled, without_specks
from shanzhi.core.geometry.wire import EXTENT, Ints, Properties, Value

MAX_ZOOM = 14
_FINE = 16  # steps of a unit of the finest tile to which vertices are rounded: 3 cm
_TOLERANCE = 4.0  # units: half a pixel of a tile of 512
_LEVEL = 6


@dataclass(frozen=True)
class Layer:
    """Features shown together: all polygons, or all points, in degrees (n,), and columns of properties."""

    name: str
    shapes: Shapes
    properties: dict[str, Sequence[Value]]
    min_zoom: int
    max_zoom: int = MAX_ZOOM


@dataclass(frozen=True)
class _Ready:
    """A layer in units of the finest zoom."""

    layer: Layer
    shapes: Shapes
    properties: Properties
    is_point: bool = field(default=False)


def pyramid(layers: Sequence[Layer]) -> Iterator[tuple[int, int, int, bytes]]:
    """Tiles as (zoom, column, row, gzipped Mapbox Vector Tile 2.1) in that order, rows counted from the north.

    Polygons of a layer are taken as a coverage: what two of them share is simplified alike, to half a pixel
    (shapely's coverage_simplify; Visvalingam and Whyatt, 1993), except at zoom 14, where all is kept. Holes and
    further islands below a pixel are left out below zoom 14, and whatever is nothing on a tile's grid of 4096.
    A polygon reaches 64 units beyond its tile. Tiles without a feature are not made. Raises ValueError when
    geometries are mixed, or when properties are not as many as features.
    """
    ready = [_prepared(layer) for layer in layers if len(layer.shapes)]
    zooms = range(min((one.layer.min_zoom for one in ready), default=0), MAX_ZOOM + 1)
    for zoom in zooms:
        parts: dict[int, list[bytes]] = {}
        for one in ready:
            if one.layer.min_zoom <= zoom <= one.layer.max_zoom:
                for number, content in _layer_tiles(one, zoom):
                    parts.setdefault(number, []).append(content)
        for number in sorted(parts):
            tile = gzip.compress(b"".join(parts[number]), _LEVEL, mtime=0)
            yield zoom, number >> MAX_ZOOM, number & ((1 << MAX_ZOOM) - 1), tile


def _prepared(layer: Layer) -> _Ready:
    kinds = set(shapely.get_type_id(layer.shapes).tolist())
    if not (kinds <= {3, 6} or kinds == {0}):
        raise ValueError(f"layer {layer.name} mixes geometries or has none: {sorted(kinds)}")
    units = EXTENT << MAX_ZOOM

    def fine(lonlat: Floats) -> Floats:
        return np.rint(mercator(lonlat) * (units * _FINE)) / _FINE

    properties = Properties.of(layer.properties, len(layer.shapes))
    return _Ready(layer, shapely.transform(layer.shapes, fine), properties, kinds == {0})


def _layer_tiles(ready: _Ready, zoom: int) -> Iterator[tuple[int, bytes]]:
    scale = 0.5 ** (MAX_ZOOM - zoom)
    if ready.is_point:
        return _points(ready, zoom, shapely.get_coordinates(ready.shapes) * scale)
    return _polygons(ready, zoom, scale)


def _polygons(ready: _Ready, zoom: int, scale: float) -> Iterator[tuple[int, bytes]]:
    if zoom == MAX_ZOOM:
        rings = Rings.of(ready.shapes, scale)
    else:
        rings = without_specks(Rings.of(shapely.coverage_simplify(ready.shapes, _TOLERANCE / scale), scale))
    rings = rounded(_on_earth(tiled(rings), zoom))
    numbers, lengths, begins = commands(rings)
    tile = _number(rings.tile[begins])
    name, properties = ready.layer.name, ready.properties
    return wire.layers(name, wire.POLYGON, tile, rings.feature[begins], numbers, lengths, properties)


def _points(ready: _Ready, zoom: int, points: Floats) -> Iterator[tuple[int, bytes]]:
    """Each point in its tile and in those whose buffer it lies in."""
    low, high = (np.floor((points + side * BUFFER) / EXTENT).astype(np.int64) for side in (-1, 1))
    corners = [np.column_stack([x, y]) for x in (low[:, 0], high[:, 0]) for y in (low[:, 1], high[:, 1])]
    placed = np.column_stack([np.vstack(corners), np.tile(np.arange(len(points)), 4)])
    placed = np.unique(placed[(placed[:, :2] >= 0).all(1) & (placed[:, :2] < 1 << zoom).all(1)], axis=0)
    tile, row = placed[:, :2], placed[:, 2]
    at = wire.zigzag(np.rint(points[row] - tile * EXTENT).astype(np.int64))
    numbers = np.column_stack([np.full(len(row), wire.MOVE_TO), at]).ravel()
    lengths = np.full(len(row), 3)
    name, properties = ready.layer.name, ready.properties
    return wire.layers(name, wire.POINT, _number(tile), row, numbers, lengths, properties)


def _on_earth(rings: Rings, zoom: int) -> Rings:
    return rings.take(np.flatnonzero(((rings.tile >= 0) & (rings.tile < 1 << zoom)).all(1)))


def _number(tile: Ints) -> Ints:
    return (tile[:, 0] << MAX_ZOOM) | tile[:, 1]
