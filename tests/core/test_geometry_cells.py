"""Cells tile their area exactly, whatever the points are like."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, Polygon, box

from shanzhi.core.geometry import Metres, from_mercator, grid_polygons, mercator, voronoi_cells

SQUARE = box(0, 0, 1000, 800)
# A bay, a hole and an island: what real communities are like.
RAGGED = MultiPolygon(
    [
        Polygon(
            [(0, 0), (900, 0), (900, 300), (400, 350), (900, 420), (1000, 800), (0, 800)],
            [[(100, 500), (300, 520), (250, 700), (120, 690)]],
        ),
        box(1100, 100, 1300, 260),
    ]
)


def assert_tiles(shapes: Any, clip: Any) -> None:
    """Valid polygons that share all their vertices and make up the clip."""
    full = shapes[~shapely.is_empty(shapes)]
    assert shapely.is_valid(full).all()
    assert set(shapely.get_type_id(full)) <= {3, 6}
    assert shapely.coverage_is_valid(full)
    assert shapely.area(full).sum() == pytest.approx(clip.area, rel=1e-9)
    assert shapely.symmetric_difference(shapely.union_all(full), clip).area <= 1e-9 * clip.area


def nearest_by_force(xy: Any, clip: Any, seed: int) -> tuple[Any, Any]:
    """Sample points of the clip with the nearest of `xy`, told by every distance."""
    west, south, east, north = clip.bounds
    chance = np.random.default_rng(seed)
    probe = chance.uniform((west, south), (east, north), (400, 2))
    probe = probe[shapely.contains_xy(clip, probe[:, 0], probe[:, 1])]
    distance = np.linalg.norm(probe[:, None] - np.asarray(xy)[None], axis=2)
    order = np.sort(distance, axis=1)
    plain = np.ones(len(probe), bool) if order.shape[1] == 1 else order[:, 1] - order[:, 0] > 1e-3
    return probe[plain], distance.argmin(1)[plain]


@pytest.mark.parametrize("clip", [SQUARE, RAGGED], ids=["square", "ragged"])
@pytest.mark.parametrize(
    "xy",
    [
        [(500, 400)],
        [(100, 100), (800, 700)],
        [(100, 100), (300, 100), (700, 100), (900, 100)],
        [(x, y) for x in range(50, 1000, 100) for y in range(50, 800, 100)],
        [(200, 200), (5000, 200), (-3000, 9000), (350, 210)],
    ],
    ids=["one", "two", "in a line", "lattice", "some outside"],
)
def test_cells_are_what_is_nearest(xy: list[tuple[float, float]], clip: Any) -> None:
    cells = voronoi_cells(xy, clip)
    assert len(cells) == len(xy)
    assert_tiles(cells, clip)
    probe, nearest = nearest_by_force(xy, clip, 3)
    assert len(probe) > 100
    assert shapely.intersects_xy(cells[nearest], probe[:, 0], probe[:, 1]).all()


@given(
    st.lists(st.tuples(st.integers(-300, 1400), st.integers(-200, 1000)), min_size=1, max_size=40),
    st.sampled_from([SQUARE, RAGGED]),
)
def test_cells_of_any_points_tile(xy: list[tuple[int, int]], clip: Any) -> None:
    cells = voronoi_cells(np.array(xy, float), clip)
    assert_tiles(cells, clip)
    probe, nearest = nearest_by_force(xy, clip, 5)
    single = np.array([xy.count(point) == 1 for point in xy])
    known = single[nearest]
    assert shapely.intersects_xy(cells[nearest[known]], probe[known, 0], probe[known, 1]).all()


def test_equal_points_share_a_cell_in_equal_strips() -> None:
    cells = voronoi_cells([(200, 400), (700, 400), (700, 400), (700, 400)], SQUARE)
    assert_tiles(cells, SQUARE)
    assert shapely.area(cells) == pytest.approx([450 * 800] + [550 * 800 / 3] * 3, rel=1e-6)
    # The longer side runs north, the strips lie from south to north in the order of the points.
    assert shapely.get_coordinates(shapely.centroid(cells[1:]))[:, 1] == pytest.approx(
        [400 / 3, 400, 2000 / 3]
    )


def test_a_point_outside_keeps_what_is_nearest_to_it_or_nothing() -> None:
    cells = voronoi_cells([(100, 400), (1100, 400), (4000, 400)], SQUARE)
    assert shapely.area(cells).tolist() == pytest.approx([600 * 800, 400 * 800, 0])
    assert cells[2].is_empty


def test_micro_grids_are_their_buildings() -> None:
    labels, shapes = grid_polygons(
        [(100, 400), (300, 400), (700, 400)], SQUARE, [0, 1, 1, 2], [9, 9, 4, 4], [10, 30, 10, 20]
    )
    assert labels.tolist() == [4, 9]
    assert_tiles(shapes, SQUARE)
    # Cells: 0-200, 200-500 (three quarters of its area for label 9, being first), 500-1000.
    of_shared = 300 * 800
    assert shapely.area(shapes) == pytest.approx([of_shared / 4 + 500 * 800, 200 * 800 + of_shared * 3 / 4])


def test_a_shared_cell_is_cut_by_households_in_the_order_of_pieces() -> None:
    labels, shapes = grid_polygons(
        [(500, 400)], SQUARE, [0, 0, 0, 0], [7, 2, 7, 5], [10, 20, 10, 0]
    )  # fmt: skip
    assert_tiles(shapes, SQUARE)
    assert labels.tolist() == [2, 5, 7]
    assert shapely.area(shapes) / SQUARE.area == pytest.approx([20 / 41, 1 / 41, 20 / 41])
    west = shapely.bounds(shapes)[:, 0]
    assert np.argsort(west).tolist() == [2, 0, 1]


def test_a_shared_cell_of_a_ragged_area_is_cut_by_area() -> None:
    share = [30, 60, 10]
    _, shapes = grid_polygons([(500, 400)], RAGGED, [0, 0, 0], [0, 1, 2], share)
    assert_tiles(shapes, RAGGED)
    assert shapely.area(shapes) / RAGGED.area == pytest.approx(np.array(share) / 100, rel=1e-6)


@given(st.integers(0, 10_000), st.sampled_from([SQUARE, RAGGED]), st.booleans())
def test_every_micro_grid_has_ground(seed: int, clip: Any, is_lattice: bool) -> None:
    chance = np.random.default_rng(seed)
    count = int(chance.integers(1, 40))
    xy = chance.uniform((-200, -200), (1500, 1000), (count, 2))
    if is_lattice:
        xy = np.round(xy / 100) * 100
    building = chance.integers(0, count, 3 * count)
    label = chance.integers(0, max(1, count // 2), 3 * count)
    households = chance.integers(0, 60, 3 * count)
    labels, shapes = grid_polygons(xy, clip, building, label, households)
    assert labels.tolist() == sorted(set(label.tolist()))
    assert not shapely.is_empty(shapes).any()
    assert_tiles(shapes, clip)
    again, same = grid_polygons(xy, clip, building, label, households)
    assert (shapely.to_wkb(same) == shapely.to_wkb(shapes)).all() and again.tolist() == labels.tolist()


def test_buildings_of_no_ground_take_a_strip_of_the_nearest() -> None:
    labels, shapes = grid_polygons(
        [(100, 400), (900, 400), (9000, 400)], SQUARE, [0, 1, 2], [0, 1, 2], [20, 20, 60]
    )  # fmt: skip
    assert_tiles(shapes, SQUARE)
    assert shapely.area(shapes) == pytest.approx([400_000, 100_000, 300_000])


def test_nonsense_is_refused() -> None:
    for xy, clip in (([], SQUARE), ([(0, np.nan)], SQUARE), ([(0, 0)], Polygon())):
        with pytest.raises(ValueError):
            voronoi_cells(np.array(xy, float).reshape(-1, 2), clip)
    bow = Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
    with pytest.raises(ValueError, match="valid polygon"):
        voronoi_cells([(1, 1)], bow)
    with pytest.raises(ValueError, match="index xy"):
        grid_polygons([(0, 0)], SQUARE, [1], [0], [1])
    with pytest.raises(ValueError, match="one length"):
        grid_polygons([(0, 0)], SQUARE, [0], [0, 1], [1])


def test_degrees_and_metres_there_and_back() -> None:
    lonlat = np.array([[104.01, 30.61], [104.05, 30.75], [103.9, 30.5]])
    plane = Metres.about(lonlat[:, 0], lonlat[:, 1])
    xy = plane.from_degrees(lonlat)
    assert plane.to_degrees(xy) == pytest.approx(lonlat, abs=1e-13)
    # One minute of latitude is a nautical mile; of longitude as much less as the cosine says.
    one = plane.from_degrees(np.array([[plane.lon + 1 / 60, plane.lat + 1 / 60]]))[0]
    assert one[1] == pytest.approx(1853.25, abs=0.1)
    assert one[0] / one[1] == pytest.approx(np.cos(np.radians(plane.lat)))


def test_mercator_there_and_back() -> None:
    lonlat = np.array([[0.0, 0.0], [-180.0, 85.0511287798066], [104.0648, 30.6570]])
    xy = mercator(lonlat)
    assert xy[:2] == pytest.approx(np.array([[0.5, 0.5], [0.0, 0.0]]), abs=1e-12)
    assert from_mercator(xy) == pytest.approx(lonlat, abs=1e-9)
    # The other usual form of the formula.
    lat = math.radians(30.6570)
    south = (1 - math.log(math.tan(lat) + 1 / math.cos(lat)) / math.pi) / 2
    assert xy[2].tolist() == pytest.approx([(104.0648 + 180) / 360, south], abs=1e-12)
