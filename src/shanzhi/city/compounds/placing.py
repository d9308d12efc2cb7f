"""Where listed compounds lie (落位): district and community, datum, points that cannot be right."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np

from shanzhi.city.compounds.listed import Listed
from shanzhi.city.compounds.notices import Notice, notice
from shanzhi.city.compounds.pointing import Points, check
from shanzhi.city.places.datum import Datum, Finding, detect
from shanzhi.city.places.levels import Level
from shanzhi.city.places.naming import Known
from shanzhi.city.places.outlines import Outlines


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


def place(
    listed: Sequence[Listed], outlines: Outlines, *, stated: Datum | None, ground: Known | None
) -> Placed:
    """Give each compound its county, its place, its area and points in WGS-84.

    `ground` is where compounds lie that name no division. Without a stated datum the one is taken under which
    points lie in their own county. A compound whose county neither a name nor a point tells is an error.
    """
    names = _Names(outlines, ground)
    for one in listed:
        names.resolve(one)
    points = Points(listed)
    own = np.array([outlines.shape(one.own_county) for one in points.owners], dtype=object)
    finding = detect(points.lon, points.lat, own)
    datum = stated or finding.found or (None if points.owners else Datum.WGS84)
    placed = Placed(datum, finding, [], names.warnings_of_all())
    if datum is None:
        placed.errors.append(notice(1, "datum", "datum-unclear"))
        datum = Datum.WGS84
    if stated is not None and finding.found not in {
        None,
        Datum.WGS84 if stated is Datum.CGCS2000 else stated,
    }:
        words = {"zh": stated.zh, "en": stated.en, "other_zh": finding.found.zh, "other_en": finding.found.en}
        placed.warnings.append(notice(1, "datum", "datum-doubt", **words))
    checked = check(points, own, outlines, datum, finding)
    placed.wrong_points, placed.inside, placed.counted = checked.wrong, checked.inside, checked.counted
    _settle(listed, outlines, ground, placed)
    return placed


class _Names:
    """Names and codes of divisions in rows."""

    def __init__(self, outlines: Outlines, ground: Known | None) -> None:
        self.places = outlines.names
        self.ground = ground
        self.within = None if ground is None else ground.id
        self.warnings: list[Notice] = []
        self._repeated: dict[tuple[str, str, str], list[int]] = {}

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
                    self.warnings.append(notice(one.row, name, "unknown-code", text=code))
                    continue
                self._take(one, found)
                break
        if one.own_county is None and county:
            found_counties = self.places.counties(county, within)
            if len(found_counties) == 1:
                self._take(one, found_counties[0])
            elif found_counties:
                self._once(one, "county", "ambiguous-county", county)
            elif not self.places.named(county, Level.CITY):
                self._once(one, "county", "managing-area", county)
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
            self._once(one, name, f"unknown-{name}", text)

    def _take(self, one: Listed, found: Known) -> None:
        one.place = found.id
        one.own_county = self._county_of(found)

    def _county_of(self, found: Known) -> UUID | None:
        line = (found.id, *found.above)
        return next((at for at in line if self.places.by_id[at].level is Level.COUNTY), None)

    def _once(self, one: Listed, name: str, code: str, text: str) -> None:
        """To be said once, at the first row that it holds for: a file of thousands repeats its words."""
        self._repeated.setdefault((name, code, text), []).append(one.row)

    def warnings_of_all(self) -> list[Notice]:
        """What is to be said of names and codes, with how many compounds it holds for."""
        repeated = [
            notice(rows[0], name, code, text=text, count=len(rows))
            for (name, code, text), rows in self._repeated.items()
        ]
        return [*self.warnings, *repeated]


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
    for one, around in zip(listed, outlines.deepest(lon, lat), strict=True):
        base = one.place or (None if ground is None else ground.id)
        if around is not None:
            here = by_id[around]
            # A name that was given is believed; the point only says where below it.
            if base is None or base in here.above:
                base = around
        found = None if base is None else by_id.get(base)
        if found is None or not found.area:
            placed.errors.append(notice(one.row, "county", "no-place"))
            one.area = ""
            continue
        one.place, one.area = found.id, found.area
