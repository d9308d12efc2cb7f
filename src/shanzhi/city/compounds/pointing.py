"""Points of a file that cannot be right (错误坐标): outside their district, at sea, abroad, swapped. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from shanzhi.city.compounds.listed import Listed, ListedBuilding
from shanzhi.city.compounds.notices import Notice, notice
from shanzhi.city.places.datum import TRIED, Datum, Finding, to_wgs84
from shanzhi.city.places.levels import Level
from shanzhi.city.places.outlines import Outlines

# A point so far outside its own county is listed; nearer, roads and rivers at the border explain it.
FAR_METRES = 300.0
# Nearer than this to a county a point may lie in a gap between drawings; farther it is at sea or abroad.
SEA_METRES = 3_000.0
# Without any boundary: so far from the middle of the file, and so many times the usual distance.
STRAY_METRES, STRAY_TIMES = 60_000.0, 8.0
# Points that stay on the map although something is odd.
KEPT = frozenset({"other-datum", "other-county"})
_METRES_A_DEGREE = 111_320.0

Floats = NDArray[np.float64]


class Points:
    """The points of compounds and of their buildings, in degrees as written: arrays of shape (n,)."""

    def __init__(self, listed: Sequence[Listed]) -> None:
        self.owners: list[Listed] = []
        self.holders: list[Listed | ListedBuilding] = []
        for one in listed:
            holders: list[Listed | ListedBuilding] = [one, *one.buildings.values()]
            for holder in holders:
                if holder.lon is not None:
                    self.owners.append(one)
                    self.holders.append(holder)
        self.lon: Floats = np.array([holder.lon for holder in self.holders], dtype=np.float64)
        self.lat: Floats = np.array([holder.lat for holder in self.holders], dtype=np.float64)


@dataclass
class Checked:
    """What is wrong, and of how many compounds with a known county how many points lie inside it."""

    wrong: list[Notice] = field(default_factory=list)
    inside: int = 0
    counted: int = 0


class _Check:
    def __init__(self, points: Points, own: Any, outlines: Outlines, datum: Datum, finding: Finding) -> None:
        self.points, self.own, self.outlines, self.finding = points, own, outlines, finding
        self.datum = datum
        self.on_earth = (np.abs(points.lon) <= 180) & (np.abs(points.lat) <= 90)
        self.x, self.y = self._moved(points.lon, points.lat)
        self.around = outlines.deepest(self.x, self.y)
        places = outlines.names.by_id
        self.bounded = any(places[at].level is Level.COUNTY for at in outlines.shapes if at in places)
        ok = np.isfinite(self.x) & np.isfinite(self.y)
        self.middle = (float(np.median(self.x[ok])), float(np.median(self.y[ok]))) if ok.any() else (0.0, 0.0)
        away = [self._away(x, y) for x, y in zip(self.x[ok], self.y[ok], strict=True)]
        self.reach = max(STRAY_METRES, STRAY_TIMES * float(np.median(away))) if len(away) >= 5 else np.inf

    def _moved(self, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        on_earth = (np.abs(lon) <= 180) & (np.abs(lat) <= 90)
        return to_wgs84(self.datum, np.where(on_earth, lon, np.nan), np.where(on_earth, lat, np.nan))

    def _away(self, x: float, y: float) -> float:
        """Metres from the middle of the file."""
        scale = np.cos(np.radians(self.middle[1]))
        return float(np.hypot((x - self.middle[0]) * scale, y - self.middle[1])) * _METRES_A_DEGREE

    def fault(self, index: int) -> Notice | None:
        """What is wrong with a point that does not lie inside its own county."""
        row, shape = self.points.holders[index].row, self.own[index]
        lon, lat = float(self.x[index]), float(self.y[index])
        if shape is not None and self.on_earth[index]:
            away = _metres(shape, lon, lat)
            if away <= FAR_METRES:
                return None
        if self._swapped(index, shape):
            return notice(row, "lon", "swapped")
        if not self.on_earth[index]:
            return notice(row, "lon", "not-on-earth")
        if shape is not None:
            other = next((one for one in TRIED if self.finding.inside[one][index]), None)
            if other is not None:
                return notice(row, "lon", "other-datum", metres=f"{away:,.0f}", zh=other.zh, en=other.en)
            at = self.around[index]
            if at is not None:
                name = self.outlines.names.by_id[at].name
                return notice(row, "lon", "other-county", metres=f"{away:,.0f}", text=name)
        if self.bounded:
            at_sea = self.outlines.metres_to_any(lon, lat) > SEA_METRES
            return notice(row, "lon", "outside") if at_sea else None
        return notice(row, "lon", "stray") if self._away(lon, lat) > self.reach else None

    def _swapped(self, index: int, shape: Any) -> bool:
        """Whether the point lies where it should when longitude and latitude change places."""
        one = slice(index, index + 1)
        x, y = self._moved(self.points.lat[one], self.points.lon[one])
        if not np.isfinite(x[0]):
            return False
        if shape is not None:
            return bool(shapely.intersects_xy(shape, x[0], y[0]))
        if self.bounded:
            return self.outlines.deepest(x, y)[0] is not None
        off = not self.on_earth[index] or self._away(float(self.x[index]), float(self.y[index])) > self.reach
        return off and self._away(float(x[0]), float(y[0])) <= self.reach < np.inf


def check(points: Points, own: Any, outlines: Outlines, datum: Datum, finding: Finding) -> Checked:
    """Bring the points of compounds and buildings to WGS-84, list what is wrong, and take it off the map.

    `own` has the shape of the county of each point, None where it is not known.
    """
    found, work = Checked(), _Check(points, own, outlines, datum, finding)
    flags = finding.inside[Datum.WGS84 if datum is Datum.CGCS2000 else datum]
    for index, (one, holder) in enumerate(zip(points.owners, points.holders, strict=True)):
        if own[index] is not None and holder is one:
            found.counted += 1
            found.inside += bool(flags[index])
        holder.lon, holder.lat = (float(work.x[index]), float(work.y[index]))
        fault = None
        if not flags[index] and (own[index] is not None or work.around[index] is None):
            fault = work.fault(index)
        if fault is not None:
            found.wrong.append(fault)
        if not work.on_earth[index] or (fault is not None and fault.code not in KEPT):
            holder.lon = holder.lat = None
    return found


def _metres(shape: Any, lon: float, lat: float) -> float:
    """Metres from a point to a shape, near enough at the size of a county."""
    scale = float(np.cos(np.radians(lat)))
    flat = shapely.transform(shape, lambda xy: (xy - [lon, lat]) * [scale, 1.0])
    return float(shapely.distance(flat, shapely.Point(0, 0))) * _METRES_A_DEGREE
