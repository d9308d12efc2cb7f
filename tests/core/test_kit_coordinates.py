"""Datum conversion: the published vector, exact inverses, scalars beside arrays."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shanzhi.core.kit.coordinates import (
    bd09_to_gcj02,
    bd09_to_wgs84,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    wgs84_to_bd09,
    wgs84_to_gcj02,
)

# Every place of the country lies in this box, well inside the one of the shift.
_LON = st.floats(73.5, 135.1)
_LAT = st.floats(3.8, 53.6)
_ALL = [wgs84_to_gcj02, gcj02_to_wgs84, gcj02_to_bd09, bd09_to_gcj02, wgs84_to_bd09, bd09_to_wgs84]


def test_the_published_vector() -> None:
    lon, lat = wgs84_to_gcj02(121.5272106, 31.1774276)
    assert lon == pytest.approx(121.531541859215, abs=1e-12)
    assert lat == pytest.approx(31.17530398364597, abs=1e-12)


def test_the_inverse_of_the_published_vector() -> None:
    lon, lat = gcj02_to_wgs84(121.531541859215, 31.17530398364597)
    assert lon == pytest.approx(121.5272106, abs=1e-12)
    assert lat == pytest.approx(31.1774276, abs=1e-12)


def test_the_second_shift_against_its_formula() -> None:
    lon, lat = 116.404, 39.915
    radius = math.sqrt(lon**2 + lat**2) + 0.00002 * math.sin(lat * math.pi * 3000 / 180)
    angle = math.atan2(lat, lon) + 0.000003 * math.cos(lon * math.pi * 3000 / 180)
    assert gcj02_to_bd09(lon, lat) == pytest.approx(
        (radius * math.cos(angle) + 0.0065, radius * math.sin(angle) + 0.006), abs=1e-12
    )


@given(_LON, _LAT)
def test_the_shift_is_some_hundreds_of_metres(lon: float, lat: float) -> None:
    new_lon, new_lat = wgs84_to_gcj02(lon, lat)
    metres = math.hypot((new_lon - lon) * 111_320 * math.cos(math.radians(lat)), (new_lat - lat) * 110_574)
    assert 1 < metres < 1_500


@pytest.mark.parametrize(
    ("there", "back"),
    [(wgs84_to_gcj02, gcj02_to_wgs84), (gcj02_to_bd09, bd09_to_gcj02), (wgs84_to_bd09, bd09_to_wgs84)],
)
@given(lon=_LON, lat=_LAT)
def test_there_and_back(there: Callable[..., tuple[float, float]], back: Callable[..., tuple[float, float]],
                        lon: float, lat: float) -> None:  # fmt: skip
    assert back(*there(lon, lat)) == pytest.approx((lon, lat), abs=1e-11)
    assert there(*back(lon, lat)) == pytest.approx((lon, lat), abs=1e-11)


@given(_LON, _LAT)
def test_the_way_by_two_datums_is_the_two_steps(lon: float, lat: float) -> None:
    assert wgs84_to_bd09(lon, lat) == gcj02_to_bd09(*wgs84_to_gcj02(lon, lat))
    assert bd09_to_wgs84(lon, lat) == gcj02_to_wgs84(*bd09_to_gcj02(lon, lat))


@pytest.mark.parametrize(
    "point", [(2.3522, 48.8566), (-74.006, 40.7128), (151.2, -33.87), (0.0, 0.0), (72.0, 30.0), (138.0, 36.0),
              (105.0, 0.8), (105.0, 55.83)],
)  # fmt: skip
def test_points_outside_china_do_not_move(point: tuple[float, float]) -> None:
    assert wgs84_to_gcj02(*point) == point
    assert gcj02_to_wgs84(*point) == point


@pytest.mark.parametrize("convert", _ALL)
def test_arrays_equal_scalars(convert: Callable[..., tuple[object, object]]) -> None:
    random = np.random.default_rng(7)
    lon, lat = random.uniform(60, 150, (3, 40)), random.uniform(-10, 60, (3, 40))
    kept = lon.copy(), lat.copy()
    new_lon, new_lat = convert(lon, lat)
    assert isinstance(new_lon, np.ndarray) and isinstance(new_lat, np.ndarray)
    assert new_lon.shape == new_lat.shape == (3, 40)
    one_by_one = np.array([convert(float(x), float(y)) for x, y in zip(lon.flat, lat.flat, strict=True)])
    np.testing.assert_allclose(new_lon.ravel(), one_by_one[:, 0], rtol=0, atol=1e-12)
    np.testing.assert_allclose(new_lat.ravel(), one_by_one[:, 1], rtol=0, atol=1e-12)
    np.testing.assert_array_equal(lon, kept[0])
    np.testing.assert_array_equal(lat, kept[1])


@pytest.mark.parametrize("convert", _ALL)
def test_scalars_give_floats_and_empty_arrays_pass(convert: Callable[..., tuple[object, object]]) -> None:
    assert [type(part) for part in convert(116, 39)] == [float, float]
    empty, also = convert(np.array([]), np.array([]))
    assert isinstance(empty, np.ndarray) and isinstance(also, np.ndarray)
    assert empty.shape == also.shape == (0,)


def test_a_bad_point_spoils_only_itself() -> None:
    lon, lat = gcj02_to_wgs84(np.array([np.nan, 121.531541859215]), np.array([31.0, 31.17530398364597]))
    assert math.isnan(lon[0])
    assert (lon[1], lat[1]) == pytest.approx((121.5272106, 31.1774276), abs=1e-12)
