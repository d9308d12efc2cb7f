"""Where listed compounds lie (落位): district and community, datum, points that cannot be right."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import numpy as np
import shapely
from numpy.typing import NDArray

from shanzhi.city.compounds.listed import Listed, Notice
from shanzhi.city.places.datum import TRIED, Datum, Finding, detect, to_wgs84
from shanzhi.city.places.levels import Level
from shanzhi.city.places.naming import Known
from shanzhi.city.places.outlines import Outlines

METRES_A_DEGREE = 111_320.0
# A point so far outside its own county is listed; nearer, roads and rivers at the border explain it.
FAR_METRES = 300.0
# Without any boundary: so far from the middle of the file, and so many times the usual distance.
STRAY_METRES, STRAY_TIMES = 60_000.0, 8.0
# Nearer than this to a county a point may lie in a gap between drawings; farther it is at sea or abroad.
SEA_METRES = 3_000.0

Floats = NDArray[np.float64]


@dataclass
class Placed:
    """What placing found, besides what it wrote into the compounds."""

    datum: Datum | None
    finding: Finding
    errors: list[Notice] = field(default_factory=list)
    warnings: list[Notice] = field(default_factory=list)
    wrong_points: list[Notice] = field(default_factory=list)
    inside: int = 0
    counted: int = 0


def place(listed: Sequence[Listed], outlines: Outlines, *, stated: Datum | None, ground: Known | None) -> Placed:
    """Give each compound its county, its place, its area and points in WGS-84.

    `ground` is where compounds lie that name no division. Without a stated datum the one is taken under which
    points lie in their own county. A compound whose county neither a name nor a point tells is an error.
    """
    names = _Names(outlines, ground)
    for one in listed:
        names.resolve(one)
    points = _Points(listed)
    own = np.array([outlines.shape(one.own_county) for one in points.owners], dtype=object)
    finding = detect(points.lon, points.lat, own)
    datum = stated or finding.found or (None if points.any_at else Datum.WGS84)
    placed = Placed(datum, finding, names.errors, names.warnings)
    if datum is None:
        placed.errors.append(Notice(1, "datum", "datum-unclear", "无法从坐标判断坐标系，请注明。", "The points do not tell the datum: state it."))  # fmt: skip
        datum = Datum.WGS84
    _check(points, own, outlines, datum, finding, placed, ground)
    _settle(listed, outlines, ground, placed)
    return placed


class _Names:
    """Names and codes of divisions in rows."""

    def __init__(self, outlines: Outlines, ground: Known | None) -> None:
        self.places = outlines.names
        self.ground = ground
        self.within = None if ground is None else ground.id
        self.errors: list[Notice] = []
        self.warnings: list[Notice] = []
        self._unknown: set[str] = set()

    def resolve(self, one: Listed) -> None:
        """Set `own_county` and the deepest `place` that the row names."""
        city, county, county_code, street, street_code, community, community_code, place_code = one.where
        within = self._city(city)
        for code, name in (
            (place_code, "place_code"), (community_code, "community_code"), (street_code, "street_code"),
            (county_code, "county_code"),
        ):  # fmt: skip
            if code:
                found = self.places.coded(code)
                if found is None:
                    self._warn(one, name, "unknown-code", f"没有代码为 {code} 的区划。", f"There is no place with code {code}.")  # fmt: skip
                    continue
                self._take(one, found)
                break
        if one.own_county is None and county:
            found_counties = self.places.counties(county, within)
            if len(found_counties) == 1:
                self._take(one, found_counties[0])
            elif found_counties:
                self._once(one, "county", "ambiguous-county", county, f"“{county}”可能是几个区县，按坐标归属；请补充城市或代码。", f"{county} may be several districts: taken from the point.")  # fmt: skip
            elif not self.places.named(county, Level.CITY):
                self._once(one, "county", "managing-area", county, f"“{county}”不是统计区县（可能是管理区域），按坐标归属。", f"{county} is no statistical district: taken from the point.")  # fmt: skip
        for text, level in ((street, Level.STREET), (community, Level.COMMUNITY)):
            if text:
                self._deeper(one, text, level, within)
        if one.own_county is None and self.ground is not None:
            one.own_county = self._county_of(self.ground)

    def _city(self, text: str) -> UUID | None:
        found = self.places.named(text, Level.CITY, self.within) if text else []
        return found[0].id if len(found) == 1 else self.within

    def _deeper(self, one: Listed, text: str, level: Level, within: UUID | None) -> None:
        base = one.place or within
        known = self.places.by_id.get(base) if base is not None else None
        if known is not None and known.level.rank >= level.rank:
            return
        found = self.places.named(text, level, base)
        if len(found) == 1:
            self._take(one, found[0])
        else:
            name = "street" if level is Level.STREET else "community"
            said = "有几个" if found else "没有"
            self._once(one, name, f"unknown-{name}", f"{base}{text}", f"{said}名为“{text}”的{level.zh}，按坐标归属。", f"There is not exactly one {level.en} called {text}: taken from the point.")  # fmt: skip

    def _take(self, one: Listed, found: Known) -> None:
        one.place = found.id
        one.own_county = self._county_of(found)

    def _county_of(self, found: Known) -> UUID | None:
        line = (found.id, *found.above)
        return next((at for at in line if self.places.by_id[at].level is Level.COUNTY), None)

    def _warn(self, one: Listed, name: str, code: str, zh: str, en: str) -> None:
        self.warnings.append(Notice(one.row, name, code, zh, en))

    def _once(self, one: Listed, name: str, code: str, text: str, zh: str, en: str) -> None:
        if (code + text) not in self._unknown:
            self._unknown.add(code + text)
            self._warn(one, name, code, zh, en)


class _Points:
    """Points of compounds and of their buildings, side by side."""

    def __init__(self, listed: Sequence[Listed]) -> None:
        self.owners: list[Listed] = []
        self.holders: list[Any] = []
        for one in listed:
            for holder in (one, *one.buildings.values()):
                if holder.lon is not None:
                    self.owners.append(one)
                    self.holders.append(holder)
        self.lon: Floats = np.array([holder.lon for holder in self.holders], dtype=np.float64)
        self.lat: Floats = np.array([holder.lat for holder in self.holders], dtype=np.float64)
        self.any_at = bool(self.holders)


def _distance(shape: Any, lon: float, lat: float) -> float:
    """Metres from a point to a shape, near enough at the size of a county."""
    lon_scale = float(np.cos(np.radians(lat)))
    flat = shapely.transform(shape, lambda xy: (xy - [lon, lat]) * [lon_scale, 1.0])
    return float(shapely.distance(flat, shapely.Point(0, 0))) * METRES_A_DEGREE


def _check(
    points: _Points, own: Any, outlines: Outlines, datum: Datum, finding: Finding, placed: Placed,
    ground: Known | None,
) -> None:  # fmt: skip
    """Convert the points, list what cannot be right and take it off the map."""
    on_earth = (np.abs(points.lon) <= 180) & (np.abs(points.lat) <= 90)
    x, y = to_wgs84(datum, np.where(on_earth, points.lon, np.nan), np.where(on_earth, points.lat, np.nan))
    around = outlines.deepest(x, y)
    stray = _stray(x, y)
    has_counties = any(
        outlines.names.by_id[at].level is Level.COUNTY for at in outlines.shapes if at in outlines.names.by_id
    )
    flags = finding.inside.get(Datum.WGS84 if datum is Datum.CGCS2000 else datum)
    for index, (one, holder) in enumerate(zip(points.owners, points.holders, strict=True)):
        shape = own[index]
        lon, lat = float(x[index]), float(y[index])
        inside = bool(flags is not None and shape is not None and flags[index])
        if shape is not None and holder is one:
            placed.counted += 1
            placed.inside += inside
        holder.lon, holder.lat = (lon, lat) if on_earth[index] else (None, None)
        if inside or (shape is None and around[index] is not None):
            continue
        found = _wrong(points, index, shape, outlines, datum, finding, on_earth[index], stray[index], has_counties, lon, lat)  # fmt: skip
        if found is not None:
            code, zh, en, keep = found
            placed.wrong_points.append(Notice(holder.row, "lon", code, zh, en))
            if not keep:
                holder.lon = holder.lat = None


def _wrong(
    points: _Points, index: int, shape: Any, outlines: Outlines, datum: Datum, finding: Finding,
    on_earth: bool, stray: bool, has_counties: bool, lon: float, lat: float,
) -> tuple[str, str, str, bool] | None:  # fmt: skip
    """What is wrong with a point outside its county: code, two sentences, whether it is kept; None if nothing."""
    swapped_x, swapped_y = to_wgs84(datum, points.lat[index : index + 1], points.lon[index : index + 1])
    if abs(points.lat[index]) <= 180 and abs(points.lon[index]) <= 90:
        back = outlines.deepest(swapped_x, swapped_y)[0]
        if back is not None and (shape is None or shapely.intersects_xy(shape, swapped_x[0], swapped_y[0])):
            return "swapped", "经度和纬度写反了，请对调后再导入。", "Longitude and latitude are swapped.", False
    if not on_earth:
        return "bad-point", "坐标不在地球上。", "The point is not on the earth.", False
    if shape is not None:
        away = _distance(shape, lon, lat)
        if away <= FAR_METRES:
            return None
        other = next((one for one in TRIED if finding.inside and finding.inside[one][index]), None)
        if other is not None:
            return "other-datum", f"在所属区县外 {away:,.0f} 米；若坐标系是 {other.zh} 则在区县内。", f"{away:,.0f} m outside its district, but inside if the datum is {other.en}.", True  # fmt: skip
        at = outlines.deepest(np.array([lon]), np.array([lat]))[0]
        if at is not None:
            name = outlines.names.by_id[at].name
            return "other-county", f"在所属区县外 {away:,.0f} 米，位于“{name}”。", f"{away:,.0f} m outside its district, in {name}.", True  # fmt: skip
    near = has_counties and outlines.metres_to_any(lon, lat) <= SEA_METRES
    if has_counties and not near:
        return "outside", "不在任何已知区县内（可能在海上、境外或别的城市），未采用。", "In no known district (at sea, abroad, another city): not used.", False  # fmt: skip
    if stray and not has_counties:
        return "stray", "离本文件其余各点过远，未采用。", "Too far from the other points of the file: not used.", False  # fmt: skip
    return None


def _stray(x: Floats, y: Floats) -> NDArray[np.bool_]:
    """Points far from the middle of all (median, median of distances): shape (n,)."""
    ok = np.isfinite(x) & np.isfinite(y)
    if ok.sum() < 5:
        return np.zeros(len(x), dtype=bool)
    middle_x, middle_y = np.median(x[ok]), np.median(y[ok])
    away = np.hypot((x - middle_x) * np.cos(np.radians(middle_y)), y - middle_y) * METRES_A_DEGREE
    usual = float(np.median(away[ok]))
    return np.nan_to_num(away, nan=0.0) > max(STRAY_METRES, STRAY_TIMES * usual)


def _settle(listed: Sequence[Listed], outlines: Outlines, ground: Known | None, placed: Placed) -> None:
    """The deepest place: what the row names, and below it what lies around the point."""
    for one in listed:
        if one.lon is None:
            known = [building for building in one.buildings.values() if building.lon is not None]
            if known:
                # The building nearest the middle: an average may lie outside of a bent compound.
                middle = np.median([(at.lon, at.lat) for at in known], axis=0)
                nearest = min(known, key=lambda at: (at.lon - middle[0]) ** 2 + (at.lat - middle[1]) ** 2)
                one.lon, one.lat = nearest.lon, nearest.lat
    lon = np.array([np.nan if one.lon is None else one.lon for one in listed])
    lat = np.array([np.nan if one.lat is None else one.lat for one in listed])
    by_id = outlines.names.by_id
    nowhere: Counter[str] = Counter()
    for one, around in zip(listed, outlines.deepest(lon, lat), strict=True):
        base = one.place or (None if ground is None else ground.id)
        if around is not None:
            here = by_id[around]
            # A name that was given is believed; the point only says where below it.
            if base is None or base in here.above:
                base = around
        found = None if base is None else by_id.get(base)
        if found is None or not found.area:
            nowhere[one.source] += 1
            placed.errors.append(Notice(one.row, "county", "no-place", "看不出属于哪个区县：没有区县名称，坐标也不在已知边界内。", "Its district is not known: no name, and the point is in no known boundary."))  # fmt: skip
            one.area = ""
            continue
        one.place, one.area = found.id, found.area
