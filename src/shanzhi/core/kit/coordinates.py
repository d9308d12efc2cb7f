"""The three datums of Chinese maps: WGS-84 (GPS), GCJ-02 (高德, 腾讯) and BD-09 (百度).

Every function takes longitude and latitude in degrees, in that order, as two floats or as two NumPy
arrays of shapes that broadcast, and gives two of the same kind back. CGCS2000, in which the platform
stores, is taken as equal to WGS-84, which holds to decimetres. Values that are not finite come back as
they are, or as NaN.

Source: the published reverse-engineered form of the GCJ-02 shift (Krasovsky 1940 ellipsoid, axis
6,378,245 m, squared eccentricity 0.00669342162296594323) and Baidu's polar twist, as known from the open
"eviltransform" and "coordtransform" projects; the formulas are re-written here, and the inverses are
iterated instead of approximated.
"""

import math
from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Degrees = TypeVar("Degrees", float, Floats)
_Step = Callable[[Floats, Floats], tuple[Floats, Floats]]

# The box inside which the shift is applied, as every published form has it (it reaches over the border).
_WEST, _EAST, _SOUTH, _NORTH = 72.004, 137.8347, 0.8293, 55.8271
_AXIS = 6378245.0
_ECCENTRICITY = 0.00669342162296594323
_TWIST = math.pi * 3000.0 / 180.0
_ROUNDS = 40
_CLOSE = 1e-13


def wgs84_to_gcj02(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """WGS-84 to GCJ-02 (火星坐标系), some hundreds of metres away; points outside China do not move."""
    return _run(_forward, lon, lat)


def gcj02_to_wgs84(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """GCJ-02 back to WGS-84, iterated to better than 1e-9 degrees; points outside China do not move.

    Within a shift's length of the box's edge two points can share one image; then the answer is one of
    the two.
    """
    return _run(_backward, lon, lat)


def gcj02_to_bd09(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """GCJ-02 to BD-09 (百度坐标系), a second shift of up to a kilometre, applied everywhere."""
    return _run(_twisted, lon, lat)


def bd09_to_gcj02(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """BD-09 back to GCJ-02, iterated to better than 1e-9 degrees."""
    return _run(_untwisted, lon, lat)


def wgs84_to_bd09(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """WGS-84 to BD-09, by way of GCJ-02."""
    return _run(lambda x, y: _twisted(*_forward(x, y)), lon, lat)


def bd09_to_wgs84(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """BD-09 back to WGS-84, by way of GCJ-02, iterated to better than 1e-9 degrees."""
    return _run(lambda x, y: _backward(*_untwisted(x, y)), lon, lat)


def _run(step: _Step, lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    x, y = np.broadcast_arrays(np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64))
    with np.errstate(invalid="ignore", over="ignore"):
        new_x, new_y = step(x, y)
    if x.ndim == 0:
        return float(new_x), float(new_y)  # type: ignore[return-value]
    return new_x, new_y  # type: ignore[return-value]


def _inside(x: Floats, y: Floats) -> NDArray[np.bool_]:
    return (x >= _WEST) & (x <= _EAST) & (y >= _SOUTH) & (y <= _NORTH)


def _shift(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """The shift of GCJ-02 at a WGS-84 point, in degrees, wherever the point lies."""
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    wave = 20.0 * np.sin(6.0 * math.pi * x) + 20.0 * np.sin(2.0 * math.pi * x)
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east = east + (wave + 20.0 * np.sin(math.pi * x) + 40.0 * np.sin(math.pi * x / 3.0)) * 2.0 / 3.0
    east = east + (150.0 * np.sin(math.pi * x / 12.0) + 300.0 * np.sin(math.pi * x / 30.0)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north = north + (wave + 20.0 * np.sin(math.pi * y) + 40.0 * np.sin(math.pi * y / 3.0)) * 2.0 / 3.0
    north = north + (160.0 * np.sin(math.pi * y / 12.0) + 320.0 * np.sin(math.pi * y / 30.0)) * 2.0 / 3.0
    angle = np.radians(lat)
    bend = 1.0 - _ECCENTRICITY * np.sin(angle) ** 2
    meridian = _AXIS * (1.0 - _ECCENTRICITY) / (bend * np.sqrt(bend))
    parallel = _AXIS / np.sqrt(bend) * np.cos(angle)
    return np.degrees(east / parallel), np.degrees(north / meridian)


def _forward(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    inside = _inside(x, y)
    east, north = _shift(np.where(inside, x, 105.0), np.where(inside, y, 35.0))
    return np.where(inside, x + east, x), np.where(inside, y + north, y)


def _shifted(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    east, north = _shift(x, y)
    return x + east, y + north


def _backward(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    inside = _inside(x, y)
    back_x, back_y = _solve(_shifted, np.where(inside, x, 105.0), np.where(inside, y, 35.0))
    return np.where(inside, back_x, x), np.where(inside, back_y, y)


def _twisted(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    radius = np.hypot(x, y) + 0.00002 * np.sin(y * _TWIST)
    angle = np.arctan2(y, x) + 0.000003 * np.cos(x * _TWIST)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def _untwisted(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    return _solve(_twisted, x, y)


def _solve(step: _Step, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Find what `step` moves to (x, y): correct the guess by what it misses, a contraction here."""
    guess_x, guess_y = x, y
    for _ in range(_ROUNDS):
        image_x, image_y = step(guess_x, guess_y)
        miss_x, miss_y = x - image_x, y - image_y
        guess_x, guess_y = guess_x + miss_x, guess_y + miss_y
        if not np.any((np.abs(miss_x) > _CLOSE) | (np.abs(miss_y) > _CLOSE)):
            break
    return guess_x, guess_y
