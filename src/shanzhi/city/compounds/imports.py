"""Import of compounds (导入小区): from listed compounds to rows, in one transaction. Called by `actions`."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID

import shapely
from django.db import transaction

from shanzhi.city.compounds import in_force, store, structure
from shanzhi.city.compounds.in_force import Counted, Ruling, Said
from shanzhi.city.compounds.kinds import CompoundKind
from shanzhi.city.compounds.listed import Listed
from shanzhi.city.compounds.matching import Matcher, keys_of
from shanzhi.city.compounds.notices import Notice, notice
from shanzhi.city.compounds.placing import Placed, place
from shanzhi.city.places.datum import Datum, Finding, shape_to_wgs84
from shanzhi.city.places.naming import Known
from shanzhi.city.places.outlines import Outlines
from shanzhi.city.places.store import pinyin_key
from shanzhi.core.kit.ids import uuid7

_MANY_ROWS = 20_000


@dataclass
class ImportReport:
    """What an import did, or would do. Each compound that is listed counts in one of the first four.

    `merged` are those that joined a compound of another source. Without `partial`, any error means that
    nothing is written and the counts are 0.
    """

    id: UUID
    rows: int
    listed: int
    dry_run: bool
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    merged: int = 0
    closed: int = 0
    homes: int = 0
    datum: Datum | None = None
    stated: Datum | None = None
    finding: Finding = field(default_factory=lambda: Finding(None, 0))
    errors: list[Notice] = field(default_factory=list)
    warnings: list[Notice] = field(default_factory=list)
    wrong_points: list[Notice] = field(default_factory=list)
    inside: int = 0
    counted: int = 0


@dataclass(frozen=True)
class Terms:
    """How an import is to be done."""

    on: date
    stated: Datum | None
    ground: Known | None
    reach: set[UUID] | None
    dry_run: bool
    partial: bool
    close_gone: bool


def run(
    listed: list[Listed], errors: list[Notice], outlines: Outlines, terms: Terms, report: ImportReport
) -> None:
    """Place, match, compare and, if nothing forbids it, write; what came of it is in the report."""
    placed = place(listed, outlines, stated=terms.stated, ground=terms.ground)
    report.errors = [*errors, *placed.errors]
    report.warnings += placed.warnings
    report.wrong_points = placed.wrong_points
    report.datum, report.finding = placed.datum, placed.finding
    report.inside, report.counted = placed.inside, placed.counted
    usable = _usable(listed, placed, terms, report)
    blocked = placed.datum is None or (bool(report.errors) and not terms.partial)
    if blocked:
        return
    with transaction.atomic():
        store.lock()
        work = _Work(usable, placed.datum or Datum.WGS84, terms, report, outlines)
        work.match()
        if report.errors and not terms.partial:
            return
        work.compare()
        if not terms.dry_run:
            work.write()


def _usable(listed: list[Listed], placed: Placed, terms: Terms, report: ImportReport) -> list[Listed]:
    in_place = [one for one in listed if one.area]
    if terms.reach is not None:
        for one in in_place:
            if one.place not in terms.reach:
                report.errors.append(notice(one.row, "county", "outside-your-places"))
        in_place = [one for one in in_place if one.place in terms.reach]
    kept, wrong, doubled = keys_of(in_place)
    overlapping = [notice for one in kept for notice in structure.overlaps(one)]
    report.errors += [*wrong, *overlapping]
    report.warnings += doubled
    rows = {notice.row for notice in overlapping}
    return kept if not rows else [one for one in kept if not rows & set(_rows(one))]


def _rows(one: Listed) -> list[int]:
    """The rows of a compound's floors."""
    return [floor.row for building in one.buildings.values() for floor in building.floors.values()]


class _Work:
    """One import: what is known, what is new, what to write."""

    def __init__(
        self, listed: Sequence[Listed], datum: Datum, terms: Terms, report: ImportReport, outlines: Outlines
    ) -> None:
        self.listed = list(listed)
        self.datum = datum
        self.terms = terms
        self.report = report
        self.outlines = outlines
        self.areas = {one.area for one in listed}
        self.stock = store.read_stock(self.areas)
        self.target: list[UUID] = []
        self.joined: list[bool] = []
        self.made: dict[UUID, Listed] = {}
        self.new_lines: list[tuple[object, ...]] = []
        self.changed_lines: list[tuple[object, ...]] = []
        self.structure = structure.Changes()
        self.floors: dict[UUID, Counted] = {}
        self.gone_lines: list[UUID] = []
        self.gone_compounds: list[UUID] = []
        self.codes = {
            (self.stock.areas[compound], now["code"]): compound
            for compound, now in self.stock.values.items()
            if now["code"]
        }
        self.created: dict[UUID, dict[str, Any]] = {}
        self.rewritten: dict[UUID, dict[str, Any]] = {}
        self.boundaries: dict[UUID, bytes] = {}

    def compare(self) -> None:
        """Find what is to be written, and count."""
        touched = self._lines() | self._structure() | self._boundaries() | set(self.made)
        if self.terms.close_gone:
            touched |= self._gone()
        self._values(touched)
        report, seen = self.report, set()
        for compound, joined in zip(self.target, self.joined, strict=True):
            if compound in self.made and compound not in seen:
                report.created += 1
            elif joined:
                report.merged += 1
            elif compound in touched:
                report.changed += 1
            else:
                report.unchanged += 1
            seen.add(compound)
        report.closed = len(self.gone_compounds)
        report.homes = sum(one.homes() or one.households or 0 for one in self.listed)

    def write(self) -> None:
        """Write it."""
        on = self.terms.on
        names = {values["name"] for values in (*self.created.values(), *self.rewritten.values())}
        keys = {name: pinyin_key(name) for name in names}
        if self.gone_lines:
            store.close_gone(self.gone_lines, self.gone_compounds, self.areas, on)
        if self.rewritten:
            store.change_compounds([
                (compound, self.stock.areas[compound], *(values[name] for name in store.VALUES), keys[values["name"]],
                 self.boundaries.get(compound, self.stock.boundaries[compound]))
                for compound, values in self.rewritten.items()
            ])  # fmt: skip
        if self.created:
            store.create_compounds(
                (
                    compound, self.made[compound].area, values["kind"], values["code"], values["name"],
                    keys[values["name"]], values["address"], values["place"], values["lon"], values["lat"],
                    values["datum"], self.boundaries.get(compound), values["households"], values["buildings"],
                    values["conflict"], on,
                )
                for compound, values in self.created.items()
            )  # fmt: skip
        store.create_lines(self.new_lines)
        store.change_lines(self.changed_lines)
        store.write_structure(self.structure, on)
        if len(self.new_lines) + self.structure.size() > _MANY_ROWS:
            store.settle_statistics()

    def match(self) -> None:
        """Find the compound of each that is listed, and whether it joins one that another source lists.

        What means a compound outside of the actor's places is an error.
        """
        keys = {
            key: line.compound for key, line in self.stock.lines.items() if line.compound in self.stock.values
        }
        matcher = Matcher(self.stock.known(), keys)
        matcher.expect(self.listed)
        within = []
        for one in self.listed:
            found, alike = matcher.match(one)
            if found is not None and not self._in_reach(found):
                self.report.errors.append(notice(one.row, "name", "outside-your-places"))
                continue
            within.append(one)
            self.joined.append(found is not None and (one.area, one.source, one.key) not in keys)
            if found is None:
                found = uuid7()
                self.made[found] = one
                if alike:
                    self.report.warnings.append(notice(one.row, "name", "same-name"))
            matcher.learn(found, one)
            self.target.append(found)
        self.listed = within

    def _in_reach(self, compound: UUID) -> bool:
        now, reach = self.stock.values.get(compound), self.terms.reach
        return now is None or reach is None or now["place"] in reach

    def _in_ground(self, compound: UUID) -> bool:
        """Whether a compound lies where the import was said to be about."""
        ground, known = self.terms.ground, self.outlines.names.by_id.get(self.stock.values[compound]["place"])
        return ground is None or (known is not None and ground.id in {known.id, *known.above})

    def _said(self, one: Listed) -> Said:
        position = None if one.lon is None or one.lat is None else (one.lon, one.lat, self.datum.value)
        return Said(
            one.source, one.key, self.terms.on, one.name, "" if one.kind is None else one.kind.value, one.code,
            one.address, position, one.households, one.building_count,
        )  # fmt: skip

    def _lines(self) -> set[UUID]:
        touched = set()
        for one, compound in zip(self.listed, self.target, strict=True):
            said = self._said(one)
            known = self.stock.lines.get((one.area, one.source, one.key))
            if known is None:
                line = store.Line(uuid7(), compound, said)
                self.new_lines.append(store.line_row(line.id, one.area, compound, said))
                self.stock.lines[one.area, one.source, one.key] = line
                self.stock.lines_of.setdefault(compound, []).append(line)
            elif known.gone or known.compound != compound or _differ(known.said, said):
                self.changed_lines.append(store.line_row(known.id, one.area, compound, said))
                lines = self.stock.lines_of.setdefault(compound, [])
                if known in lines:
                    lines.remove(known)
                lines.append(store.Line(known.id, compound, said))
            else:
                continue
            touched.add(compound)
        return touched

    def _structure(self) -> set[UUID]:
        listed = [
            (compound, one) for one, compound in zip(self.listed, self.target, strict=True) if one.buildings
        ]
        known = store.read_buildings(
            self.areas, [compound for compound, _ in listed if compound not in self.made]
        )
        touched = set()
        for compound, one in listed:
            standing = known.setdefault(compound, [])
            if structure.compare(compound, one, standing, self.structure, close_gone=self.terms.close_gone):
                touched.add(compound)
        self.floors = {compound: structure.counted(standing) for compound, standing in known.items()}
        return touched

    def _boundaries(self) -> set[UUID]:
        """Polygons of compounds, which come with GeoJSON: repaired where invalid, the newest in force."""
        touched = set()
        for one, compound in zip(self.listed, self.target, strict=True):
            if one.shape is None:
                continue
            wkb = shapely.to_wkb(shape_to_wgs84(self.datum, one.shape))
            if self.stock.boundaries.get(compound) != wkb:
                self.boundaries[compound] = wkb
                touched.add(compound)
        return touched

    def _gone(self) -> set[UUID]:
        here = {(one.area, one.source, one.key) for one in self.listed}
        pairs = {(one.area, one.source) for one in self.listed}
        touched = set()
        for key, line in self.stock.lines.items():
            if line.gone or key in here or key[:2] not in pairs or line.compound not in self.stock.values:
                continue
            if not (self._in_reach(line.compound) and self._in_ground(line.compound)):
                continue
            self.gone_lines.append(line.id)
            left = [one for one in self.stock.lines_of[line.compound] if one is not line]
            self.stock.lines_of[line.compound] = left
            if left:
                touched.add(line.compound)
            else:
                self.gone_compounds.append(line.compound)
        return touched

    def _values(self, touched: set[UUID]) -> None:
        """The values in force of compounds that something was said about."""
        by = in_force.rule()
        places: dict[UUID, Listed] = {}
        for one, compound in zip(self.listed, self.target, strict=True):
            places.setdefault(compound, one)
        elsewhere = [
            compound for compound in touched if compound not in self.floors and compound not in self.made
        ]
        floors = self.floors | (store.count_floors(self.areas, elsewhere) if elsewhere else {})
        for compound in touched:
            said = [line.said for line in self.stock.lines_of.get(compound, ())]
            choices = self.stock.choices.get(compound, {})
            found, conflict = in_force.decide(said, by, floors=floors.get(compound), choices=choices)
            values = values_of(found, conflict)
            now = self.stock.values.get(compound)
            self._check_code(compound, values, places.get(compound))
            values["place"] = self._place(now, places.get(compound), "place" in choices)
            if now is None:
                self.created[compound] = values
            elif values != now or compound in self.boundaries:
                self.rewritten[compound] = values

    def _check_code(self, compound: UUID, values: dict[str, Any], one: Listed | None) -> None:
        """Two compounds of a district never have one code: the first keeps it."""
        if not values["code"]:
            return
        area = self.made[compound].area if compound in self.made else self.stock.areas[compound]
        holder = self.codes.setdefault((area, values["code"]), compound)
        if holder != compound:
            if one is not None:
                self.report.warnings.append(notice(one.row, "code", "code-taken", text=values["code"]))
            values["code"] = ""

    def _place(self, now: dict[str, Any] | None, one: Listed | None, held: bool) -> UUID | None:
        if now is None:
            return None if one is None else one.place
        if one is None or held or one.place is None:
            return now["place"]
        # A file that names only the district does not take the community away.
        known = self.outlines.names.by_id.get(now["place"])
        return now["place"] if known is not None and one.place in known.above else one.place


def values_of(found: dict[str, Ruling], conflict: bool) -> dict[str, Any]:
    """The rulings as the values of a compound's row, its place aside."""
    given = {name: ruling.value for name, ruling in found.items()}
    lon, lat, datum = given.get("position", (None, None, ""))
    return {
        "kind": given.get("kind", CompoundKind.COMPOUND.value), "code": given.get("code", ""), "name": given["name"],
        "address": given.get("address", ""), "lon": lon, "lat": lat, "datum": datum,
        "households": given.get("households"), "buildings": given.get("buildings"), "conflict": conflict,
    }  # fmt: skip


def _differ(was: Said, now: Said) -> bool:
    """Whether a source says something else than before, the day aside."""
    return replace(was, seen_on=now.seen_on) != now
