"""Datums (坐标系) of files: stated, or told by which of them puts points inside their own county."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from shanzhi.core.kit import coordinates
from shanzhi.core.kit.errors import InvalidInput

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Move = Callable[[Floats, Floats], tuple[Floats, Floats]]

AUTO = "auto"
# To prefer one datum to another, so many points must lie inside under it alone, and so many times the opposite.
_LEAST_MORE, _TIMES = 3, 2


class Datum(StrEnum):
    """A datum in which Chinese maps are drawn."""

    WGS84 = "wgs84"
    CGCS2000 = "cgcs2000"
    GCJ02 = "gcj02"
    BD09 = "bd09"

    @property
    def zh(self) -> str:
        """The Chinese word."""
        return {
            "wgs84": "WGS-84",
            "cgcs2000": "CGCS2000",
            "gcj02": "GCJ-02（高德、腾讯）",
            "bd09": "BD-09（百度）",
        }[self]

    @property
    def en(self) -> str:
        """The English word."""
        return {"wgs84": "WGS-84", "cgcs2000": "CGCS2000", "gcj02": "GCJ-02", "bd09": "BD-09"}[self]


# CGCS2000 is left out: it cannot be told from WGS-84.
TRIED = (Datum.WGS84, Datum.GCJ02, Datum.BD09)
TO_WGS84: Mapping[Datum, Move] = {
    Datum.GCJ02: coordinates.gcj02_to_wgs84, Datum.BD09: coordinates.bd09_to_wgs84,
}  # fmt: skip


def datum_of(word: str) -> Datum | None:
    """The datum that a caller names; None for `auto` and "". Raises InvalidInput on field `datum`."""
    plain = word.strip().lower().replace("-", "").replace("_", "")
    if plain in {"", AUTO}:
        return None
    try:
        return Datum(plain)
    except ValueError as error:
        raise InvalidInput(
            field="datum",
            reason_zh="坐标系应为 wgs84、cgcs2000、gcj02、bd09 或 auto。",
            reason_en="The datum must be wgs84, cgcs2000, gcj02, bd09 or auto.",
        ) from error


def to_wgs84(datum: Datum, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Longitudes and latitudes in degrees, of one shape, from a datum to WGS-84."""
    return TO_WGS84[datum](lon, lat) if datum in TO_WGS84 else (lon, lat)


def shape_to_wgs84(datum: Datum, shape: Any) -> Any:
    """A shape, or an array of them, with every corner moved from a datum to WGS-84."""
    if datum in {Datum.WGS84, Datum.CGCS2000}:
        return shape
    return shapely.transform(
        shape, lambda xy: np.column_stack(to_wgs84(datum, xy[:, 0].copy(), xy[:, 1].copy()))
    )


@dataclass(frozen=True)
class Finding:
    """What trying each datum showed: how many of `counted` points lie inside their own county under it.

    `found` is None when the points do not tell. `inside[datum]` has one flag for each point asked about.
    """

    found: Datum | None
    counted: int
    shares: dict[Datum, float] = field(default_factory=dict)
    inside: dict[Datum, Flags] = field(default_factory=dict)


def detect(
    lon: Floats,
    lat: Floats,
    own: "NDArray[np.object_] | list[BaseGeometry | None]",
    moves: Mapping[Datum, Move] = TO_WGS84,
) -> Finding:
    """Try each datum on points of shape (n,), in degrees, whose own counties are `own` (n,), None if unknown.

    One datum is found when, against each other one, at least three points lie inside under it alone and at
    least twice as many as the other way round (a sign test on the points that the two put differently).
    `moves` brings the points to where they are compared: to WGS-84, unless it is the shapes that are in doubt.
    """
    shapes = np.asarray(own, dtype=object)
    known = (
        np.array([shape is not None for shape in shapes], dtype=bool) & np.isfinite(lon) & np.isfinite(lat)
    )
    inside = {datum: np.zeros(len(lon), dtype=bool) for datum in TRIED}
    counted = int(known.sum())
    if not counted:
        return Finding(None, 0, {}, inside)
    shapely.prepare(shapes[known])
    for datum in TRIED:
        x, y = moves[datum](lon[known], lat[known]) if datum in moves else (lon[known], lat[known])
        inside[datum][known] = shapely.intersects_xy(shapes[known], x, y)
    shares = {datum: float(flags[known].mean()) for datum, flags in inside.items()}
    best = max(TRIED, key=lambda datum: shares[datum])
    for other in TRIED:
        if other is not best:
            alone = int((inside[best] & ~inside[other]).sum())
            against = int((inside[other] & ~inside[best]).sum())
            if alone < _LEAST_MORE or alone < _TIMES * against:
                return Finding(None, counted, shares, inside)
    return Finding(best, counted, shares, inside)
