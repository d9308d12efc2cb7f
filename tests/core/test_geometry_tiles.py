"""Tiles say what was put in, as another's decoder reads them."""

from __future__ import annotations

import gzip
import math
from typing import Any

import mapbox_vector_tile
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from shanzhi.core.geometry import Layer, from_mercator, mercator, pyramid, voronoi_cells
from shanzhi.core.geometry.matching import matched
from shanzhi.core.geometry.rings import Rings, rounded, tiled
from shanzhi.core.geometry.wire import varint_sizes, varints

# A tile of zoom 14 somewhere in Sichuan, and the unit of its grid.
COLUMN, ROW = 12928, 6724
UNIT = 1 / (4096 << 14)


def placed(shapes: Any, column: int = COLUMN, row: int = ROW) -> Any:
    """Shapes in units of the tile's grid, from its upper left corner, as degrees."""
    origin = np.array([column, row]) / (1 << 14)
    return shapely.transform(
        np.asarray(shapes, object), lambda xy: from_mercator(xy * UNIT + origin), interleaved=True
    )


def decoded(layers: list[Layer]) -> dict[tuple[int, int, int], dict[str, Any]]:
    tiles = [(zoom, x, y, tile) for zoom, x, y, tile in pyramid(layers)]
    keys = [tile[:3] for tile in tiles]
    assert keys == sorted(set(keys))
    return {
        (zoom, x, y): mapbox_vector_tile.decode(gzip.decompress(tile), default_options={"y_coord_down": True})
        for zoom, x, y, tile in tiles
    }


def shapes_of(tile: dict[str, Any], layer: str) -> Any:
    return np.array([shapely.geometry.shape(f["geometry"]) for f in tile[layer]["features"]], object)


def test_a_feature_comes_back_with_its_properties() -> None:
    ring = [(100, 200), (1100, 200), (1100, 900), (100, 900)]
    hole = [(300, 300), (300, 500), (500, 500), (500, 300)]
    shapes = placed([Polygon(ring, [hole]), MultiPolygon([box(2000, 0, 2100, 50), box(3000, 10, 3100, 70)])])
    properties = {
        "id": ["a", "b"], "name": ["第一微网格", "第一微网格"], "households": [63, 2**33], "approx": [True, None],
        "share": [0.25, -1.5], "below": [-3, 0],
    }  # fmt: skip
    found = decoded([Layer("microgrid", shapes, properties, 14)])
    assert set(found) == {(14, COLUMN, ROW), (14, COLUMN, ROW - 1)}
    layer = found[14, COLUMN, ROW]["microgrid"]
    assert (layer["extent"], layer["version"]) == (4096, 2)
    first, second = layer["features"]
    assert first["properties"] == {
        "id": "a", "name": "第一微网格", "households": 63, "approx": True, "share": 0.25, "below": -3,
    }  # fmt: skip
    assert second["properties"] == {
        "id": "b", "name": "第一微网格", "households": 2**33, "share": -1.5, "below": 0,
    }  # fmt: skip
    shapes_back = shapes_of(found[14, COLUMN, ROW], "microgrid")
    assert shapes_back[0].equals(Polygon(ring, [hole]))
    assert shapes_back[1].equals(MultiPolygon([box(2000, 0, 2100, 50), box(3000, 10, 3100, 70)]))
    # The tile above holds what of it lies in its buffer of 64.
    (above,) = shapes_of(found[14, COLUMN, ROW - 1], "microgrid")
    assert above.equals(MultiPolygon([box(2000, 4096, 2100, 4146), box(3000, 4106, 3100, 4160)]))


def test_points_stand_in_every_tile_near_them() -> None:
    shapes = placed([Point(10, 2000), Point(4090, 4090), Point(2000, 2000)])
    found = decoded([Layer("compound", shapes, {"id": ["west", "corner", "middle"]}, 14)])
    where = {
        key: sorted(
            (f["properties"]["id"], *f["geometry"]["coordinates"]) for f in tile["compound"]["features"]
        )
        for key, tile in found.items()
    }
    assert where == {
        (14, COLUMN, ROW): [("corner", 4090, 4090), ("middle", 2000, 2000), ("west", 10, 2000)],
        (14, COLUMN - 1, ROW): [("west", 4106, 2000)],
        (14, COLUMN + 1, ROW): [("corner", -6, 4090)],
        (14, COLUMN, ROW + 1): [("corner", 4090, -6)],
        (14, COLUMN + 1, ROW + 1): [("corner", -6, -6)],
    }


def test_layers_show_from_their_zoom_to_their_last() -> None:
    square = placed([box(0, 0, 4000, 4000)])
    layers = [
        Layer("county", square, {"id": ["c"]}, 11),
        Layer("grid", square, {"id": ["g"]}, 12, 13),
        Layer("compound", placed([Point(5, 5)]), {"id": ["p"]}, 13),
    ]
    shown: dict[int, set[str]] = {}
    for (zoom, _, _), tile in decoded(layers).items():
        shown.setdefault(zoom, set()).update(tile)
    assert shown == {
        11: {"county"}, 12: {"county", "grid"}, 13: {"county", "grid", "compound"}, 14: {"county", "compound"},
    }  # fmt: skip
    assert list(pyramid([])) == []
    assert list(pyramid([Layer("grid", np.zeros(0, object), {"id": []}, 5)])) == []


def town(seed: int, blocks: int = 3, each: int = 25) -> tuple[Any, Any]:
    """Communities side by side, each tiled by its own cells, so that corners meet in the middle of edges."""
    chance = np.random.default_rng(seed)
    size, made, areas = 3000.0, [], []
    for column in range(blocks):
        for line in range(blocks):
            area = box(column * size, line * size, (column + 1) * size, (line + 1) * size)
            made.extend(
                voronoi_cells(chance.uniform(0, size, (each, 2)) + (column * size, line * size), area)
            )
            areas.append(area)
    return np.array(made, object), shapely.union_all(areas)


@pytest.mark.parametrize("zoom", [12, 13, 14])
def test_no_gaps_and_no_overlaps_at_any_zoom(zoom: int) -> None:
    shapes, area = town(4)
    scale = 0.5 ** (14 - zoom)
    found = decoded([Layer("microgrid", placed(shapes), {"id": list(range(len(shapes)))}, 12)])
    tiles = {key: tile for key, tile in found.items() if key[0] == zoom}
    assert len(tiles) >= (1 if zoom == 12 else 4)
    for (_, x, y), tile in tiles.items():
        origin = np.array([COLUMN, ROW]) * 4096 * scale - np.array([x, y]) * 4096
        wanted = shapely.transform(area, lambda xy, origin=origin: xy * scale + origin)
        inner = wanted.buffer(-8).intersection(box(0, 0, 4096, 4096))
        parts = shapes_of(tile, "microgrid")
        assert shapely.is_valid(parts).all()
        within = shapely.intersection(parts, inner)
        # Rounded corners on straight edges of the other side leave slits below half a unit wide.
        assert shapely.difference(inner, shapely.union_all(parts)).area < 2e-4 * inner.area + 1
        assert shapely.area(within).sum() == pytest.approx(inner.area, rel=2e-4, abs=1)


def test_what_is_shared_is_simplified_alike() -> None:
    """A border with many bends, far finer than a pixel of zoom 10, is the same line on both sides."""
    y = np.arange(0, 60000, 40.0)
    x = 30000 + 25 * np.sin(y / 90) + 1500 * np.sin(y / 9000)
    border = np.column_stack([x, y])
    west = Polygon([*border, (0, 60000), (0, 0)])
    east = Polygon([*border, (60000, 60000), (60000, 0)])
    found = decoded([Layer("street", placed([west, east]), {"id": ["w", "e"]}, 10)])
    coarse = {key: tile for key, tile in found.items() if key[0] == 10}
    corners = 0
    for tile in coarse.values():
        parts = shapes_of(tile, "street")
        corners += shapely.get_num_coordinates(parts).sum()
        if len(parts) == 2:
            assert shapely.coverage_is_valid(parts)
            assert shapely.intersection(*parts).area == 0
    assert 10 < corners < 2 * len(y) / 5
    fine = sum(
        shapely.get_num_coordinates(shapes_of(tile, "street")).sum()
        for key, tile in found.items()
        if key[0] == 14
    )
    assert fine > 2 * len(y)


def test_specks_go_but_no_feature_does() -> None:
    shapes = placed(
        [MultiPolygon([box(0, 0, 2000, 2000), box(3000, 3000, 3010, 3010)]), box(2500, 0, 2512, 12)]
    )
    found = decoded([Layer("grid", shapes, {"id": ["large", "small"]}, 12)])
    by_zoom = {
        key[0]: shapes_of(tile, "grid") for key, tile in found.items() if len(tile["grid"]["features"]) == 2
    }
    assert {zoom: [len(shapely.get_parts(shape)) for shape in shapes] for zoom, shapes in by_zoom.items()} == {
        12: [1, 1], 13: [1, 1], 14: [2, 1],
    }  # fmt: skip


@given(st.integers(0, 100_000))
def test_cut_at_tiles_is_what_an_intersection_would_be(seed: int) -> None:
    chance = np.random.default_rng(seed)
    turns = np.sort(chance.uniform(0, 2 * math.pi, int(chance.integers(3, 40))))
    radius = chance.uniform(200, 9000, len(turns))
    star = Polygon(np.column_stack([np.cos(turns), np.sin(turns)]) * radius[:, None] + (5000, 3000))
    if not star.is_valid or star.area < 100:
        return
    hole = star.representative_point().buffer(60, quad_segs=2)
    shape = star.difference(hole)
    rings = tiled(Rings.of(np.array([shape], object), 1.0))
    area = rings.doubled_areas() / 2
    assert (area[rings.shell == rings.number] >= 0).all() and (area[rings.shell != rings.number] <= 0).all()
    reached = set()
    for column, row in {tuple(tile) for tile in rings.tile.tolist()}:
        here = (rings.tile == (column, row)).all(1)
        tile = box(column * 4096 - 64, row * 4096 - 64, column * 4096 + 4160, row * 4096 + 4160)
        wanted = shape.intersection(tile).area
        assert area[here].sum() == pytest.approx(wanted, rel=1e-9, abs=1e-5)
        reached.add((column, row))
    west, south, east, north = (int(v // 4096) for v in shape.bounds)
    for column in range(west, east + 1):
        for row in range(south, north + 1):
            core = box(column * 4096, row * 4096, column * 4096 + 4096, row * 4096 + 4096)
            if shape.intersection(core).area > 1e-6:
                assert (column, row) in reached
    drawn = rounded(rings)
    assert (np.abs(drawn.points) <= 4160).all() and (drawn.counts >= 3).all()


def test_neighbours_drawn_apart_get_each_others_corners() -> None:
    left = [box(0, 0, 100, 40), box(0, 40, 100, 100)]
    right = [box(100, 0, 200, 70), box(100, 70, 200, 100)]
    far = Polygon([(0, 100), (100, 100.02), (200, 100), (200, 200), (0, 200)])
    apart = np.array([*left, *right, far], object)
    assert not shapely.coverage_is_valid(apart)
    together = matched(apart, 0.05)
    assert shapely.coverage_is_valid(together)
    assert shapely.area(together) == pytest.approx(shapely.area(apart), abs=3)
    assert shapely.get_num_coordinates(together).sum() == shapely.get_num_coordinates(apart).sum() + 2


def test_nothing_but_a_sliver_is_left_out_and_the_rest_drawn() -> None:
    sliver = Polygon([(10, 10), (10.001, 10), (10.001, 800), (10, 800)])
    found = decoded([Layer("grid", placed([sliver, box(10, 10, 900, 800)]), {"id": ["thin", "thick"]}, 12)])
    assert [f["properties"]["id"] for f in found[14, COLUMN, ROW]["grid"]["features"]] == ["thick"]


def test_tiles_out_of_bounds_are_not_made() -> None:
    layer = Layer("street", placed([box(-9000, -9000, 9000, 9000)]), {"id": ["s"]}, 14)
    around = {key[:3] for key in pyramid([layer])}
    assert len(around) == 36
    west, south, east, north = placed([box(10, 10, 6000, 90)])[0].bounds
    kept = {key[:3] for key in pyramid([layer], (west, south, east, north))}
    assert kept == {(14, COLUMN, ROW), (14, COLUMN + 1, ROW)} <= around


def test_the_same_layers_give_the_same_bytes() -> None:
    shapes, _ = town(9, blocks=2)
    layer = Layer("microgrid", placed(shapes), {"id": [f"{n:036d}" for n in range(len(shapes))]}, 13)
    assert list(pyramid([layer])) == list(pyramid([layer]))


def test_wrong_layers_are_refused() -> None:
    for shapes in ([LineString([(0, 0), (1, 1)])], [Point(0, 0), box(0, 0, 1, 1)]):
        with pytest.raises(ValueError, match="mixes"):
            list(pyramid([Layer("x", np.array(shapes, object), {"id": ["a"] * len(shapes)}, 5)]))
    with pytest.raises(ValueError, match="2 values for 1"):
        list(pyramid([Layer("x", placed([box(0, 0, 9, 9)]), {"id": ["a", "b"]}, 5)]))


def test_the_edge_of_the_earth_is_the_edge() -> None:
    layer = Layer("county", np.array([box(-180, -85.05, 180, 85.05)], object), {"id": ["w"]}, 3, 3)
    assert [(x, y) for _, x, y, _ in pyramid([layer])] == [(x, y) for x in range(8) for y in range(8)]
    assert mercator(np.array([[180.0, -90.0]])).tolist() == [[1.0, pytest.approx(1.0)]]


@given(st.lists(st.integers(0, 2**35 - 1), max_size=30))
def test_varints(values: list[int]) -> None:
    numbers = np.array(values, np.int64)
    content = varints(numbers, varint_sizes(numbers))
    read, at = [], 0
    while at < len(content):
        value = shift = 0
        while True:
            byte = content[at]
            value |= (byte & 127) << shift
            at, shift = at + 1, shift + 7
            if byte < 128:
                break
        read.append(value)
    assert read == values
