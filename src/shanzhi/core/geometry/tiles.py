"""Vector tiles (矢量瓦片) of layers of polygons and points, over a range of zooms."""

import gzip
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from shanzhi.core.geometry import wire
from shanzhi.core.geometry.matching import matched
from shanzhi.core.geometry.project import Floats, Shapes, mercator
from shanzhi.core.geometry.rings import BUFFER, Rings, commands, rounded, tiled, without_specks
from shanzhi.core.geometry.wire import EXTENT, Ints, Properties, Value

MAX_ZOOM = 14
_FINE = 16  # steps of a unit of the finest tile to which vertices are rounded: 3 cm
_APART = 1.5 / _FINE  # units: neighbours that differ by rounding alone
_TOLERANCE = 4.0  # units: half a pixel of a tile of 512
_LEVEL = 6

Bounds = tuple[float, float, float, float]  # west, south, east, north
WORLD = (-180.0, -90.0, 180.0, 90.0)


@dataclass(frozen=True)
class Layer:
    """Features shown together: all polygons, or all points, in degrees (n,), and columns of properties."""

    name: str
    shapes: Shapes
    properties: Mapping[str, Sequence[Value]]
    min_zoom: int
    max_zoom: int = MAX_ZOOM


@dataclass(frozen=True)
class _Ready:
    """A layer in units of the finest zoom."""

    layer: Layer
    shapes: Shapes
    properties: Properties
    is_point: bool
    simpler: dict[int, Shapes] = field(default_factory=dict)

    def at(self, zoom: int) -> Shapes:
        """The polygons of a zoom, each from the next finer one.

        The method takes away the smallest corner again and again, so going on where a lower tolerance ended is the
        same as beginning anew, and has fewer corners to look at.
        """
        if zoom >= MAX_ZOOM:
            return self.shapes
        if zoom not in self.simpler:
            self.simpler[zoom] = _simplified(self.at(zoom + 1), _TOLERANCE * 2 ** (MAX_ZOOM - zoom))
        return self.simpler[zoom]


def pyramid(layers: Sequence[Layer], bounds: Bounds = WORLD) -> Iterator[tuple[int, int, int, bytes]]:
    """Tiles as (zoom, column, row, gzipped Mapbox Vector Tile 2.1) in that order, rows counted from the north.

    Polygons of a layer are taken as a coverage: what two of them share, to 5 cm, is simplified alike, to half a
    pixel (shapely's coverage_simplify; Visvalingam and Whyatt, 1993), except at zoom 14, where all is kept.
    Gaps and overlaps that were there stay. Holes and further islands below a pixel are left out below zoom 14,
    and whatever is nothing on a tile's grid of 4096. A polygon reaches 64 units beyond its tile. Tiles without a
    feature, or outside `bounds` (degrees), are not made. Raises ValueError when geometries are mixed or empty, or
    when properties are not as many as features.
    """
    ready = [_prepared(layer) for layer in layers if len(layer.shapes)]
    zooms = range(min((one.layer.min_zoom for one in ready), default=0), MAX_ZOOM + 1)
    corners = mercator(np.array([[bounds[0], bounds[3]], [bounds[2], bounds[1]]]))
    for zoom in zooms:
        span = _span(corners, zoom)
        parts: dict[int, list[bytes]] = {}
        for one in ready:
            if one.layer.min_zoom <= zoom <= one.layer.max_zoom:
                for number, content in _layer_tiles(one, zoom, span):
                    parts.setdefault(number, []).append(content)
        for number in sorted(parts):
            tile = gzip.compress(b"".join(parts[number]), _LEVEL, mtime=0)
            yield zoom, number >> MAX_ZOOM, number & ((1 << MAX_ZOOM) - 1), tile


def packed(layers: Sequence[Layer]) -> list[Layer]:
    """The same layers with their shapes as WKB, which reach a helper (core/kit/helpers) ten times as fast."""
    return [replace(layer, shapes=shapely.to_wkb(layer.shapes)) for layer in layers]


def packed_pyramid(layers: Sequence[Layer], bounds: Bounds) -> list[tuple[int, int, int, bytes]]:
    """`pyramid` of `packed` layers: work for a helper."""
    opened = [replace(layer, shapes=shapely.from_wkb(layer.shapes)) for layer in layers]
    return list(pyramid(opened, bounds))


def _prepared(layer: Layer) -> _Ready:
    kinds = set(shapely.get_type_id(layer.shapes).tolist())
    if not (kinds <= {3, 6} or kinds == {0}):
        raise ValueError(f"layer {layer.name} mixes geometries or has none: {sorted(kinds)}")
    units = EXTENT << MAX_ZOOM

    def fine(lonlat: Floats) -> Floats:
        return np.rint(mercator(lonlat) * (units * _FINE)) / _FINE

    properties = Properties.of(layer.properties, len(layer.shapes))
    shapes = shapely.transform(layer.shapes, fine)
    if kinds == {0}:
        return _Ready(layer, shapes, properties, is_point=True)
    return _Ready(layer, matched(shapes, _APART), properties, is_point=False)


def _span(corners: Floats, zoom: int) -> Ints:
    """First and last column and row of a zoom (2, 2)."""
    tile = np.floor(corners * (1 << zoom)).astype(np.int64)
    return np.clip(tile, 0, (1 << zoom) - 1)


def _within(tile: Ints, span: Ints) -> NDArray[np.bool_]:
    return np.asarray(((tile >= span[0]) & (tile <= span[1])).all(1))


def _layer_tiles(ready: _Ready, zoom: int, span: Ints) -> Iterator[tuple[int, bytes]]:
    scale = 0.5 ** (MAX_ZOOM - zoom)
    if ready.is_point:
        return _points(ready, span, shapely.get_coordinates(ready.shapes) * scale)
    return _polygons(ready, zoom, span, scale)


def _polygons(ready: _Ready, zoom: int, span: Ints, scale: float) -> Iterator[tuple[int, bytes]]:
    if zoom == MAX_ZOOM:
        rings = Rings.of(ready.shapes, scale)
    else:
        rings = without_specks(Rings.of(ready.at(zoom), scale))
    rings = tiled(rings)
    rings = rounded(rings.take(np.flatnonzero(_within(rings.tile, span))))
    numbers, lengths, begins = commands(rings)
    tile = _number(rings.tile[begins])
    name, properties = ready.layer.name, ready.properties
    return wire.layers(name, wire.POLYGON, tile, rings.feature[begins], numbers, lengths, properties)


def _simplified(shapes: Shapes, tolerance: float) -> Shapes:
    try:
        return np.asarray(shapely.coverage_simplify(shapes, tolerance))
    except shapely.GEOSException:  # overlapping borders can come to this: a map in full is better than none
        return shapes


def _points(ready: _Ready, span: Ints, points: Floats) -> Iterator[tuple[int, bytes]]:
    """Each point in its tile and in those whose buffer it lies in."""
    low, high = (np.floor((points + side * BUFFER) / EXTENT).astype(np.int64) for side in (-1, 1))
    corners = [np.column_stack([x, y]) for x in (low[:, 0], high[:, 0]) for y in (low[:, 1], high[:, 1])]
    placed = np.column_stack([np.vstack(corners), np.tile(np.arange(len(points)), 4)])
    placed = np.unique(placed[_within(placed[:, :2], span)], axis=0)
    tile, row = placed[:, :2], placed[:, 2]
    at = wire.zigzag(np.rint(points[row] - tile * EXTENT).astype(np.int64))
    numbers = np.column_stack([np.full(len(row), wire.MOVE_TO), at]).ravel()
    lengths = np.full(len(row), 3)
    name, properties = ready.layer.name, ready.properties
    return wire.layers(name, wire.POINT, _number(tile), row, numbers, lengths, properties)


def _number(tile: Ints) -> Ints:
    return (tile[:, 0] << MAX_ZOOM) | tile[:, 1]
