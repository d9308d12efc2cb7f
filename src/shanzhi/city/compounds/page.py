"""One compound as the API shows it: floors, what each source says, and why what is in force is so."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from shanzhi.base.access import Actor
from shanzhi.city.compounds import queries
from shanzhi.city.compounds.deciding import standing
from shanzhi.city.compounds.in_force import FIELD_WORDS, WHY, Ruling, Said
from shanzhi.city.compounds.kinds import CompoundKind
from shanzhi.city.compounds.queries import CompoundRow, FloorRow
from shanzhi.city.compounds.shapes import (
    CompoundBuildingOut,
    CompoundChoiceOut,
    CompoundFloorOut,
    CompoundFullOut,
    CompoundOut,
    CompoundPlaceOut,
    CompoundSourceOut,
    CompoundStairwellOut,
    CompoundValueOut,
    FloorMicrogridOut,
)


def compound_out(row: CompoundRow) -> CompoundOut:
    """A compound in a list."""
    kind = CompoundKind(row.kind)
    return CompoundOut(
        row.area, row.id, row.kind, kind.zh, kind.en, row.name, row.code, row.address,
        CompoundPlaceOut(row.place_id, row.place_name, row.place_level), row.lon, row.lat, row.households,
        row.buildings, len(row.sources), row.conflict,
    )  # fmt: skip


def compound_page(actor: Actor, area: str, compound_id: UUID, on: date) -> CompoundFullOut:
    """One compound. Raises NotFound when it is not there or out of sight."""
    row = queries.one(actor, area, compound_id, on)
    kind = CompoundKind(row.kind)
    now = standing(queries.compound_for(actor, area, compound_id, on))
    rulings, _ = now.rulings()
    return CompoundFullOut(
        row.area, row.id, row.kind, kind.zh, kind.en, row.name, row.code, row.address,
        CompoundPlaceOut(row.place_id, row.place_name, row.place_level), row.lon, row.lat, row.datum, row.households,
        row.buildings, row.conflict,
        [_value(field, ruling) for field, ruling in rulings.items()],
        _buildings(floor for _, floor in queries.floors_of(area, [compound_id], on)),
        [_source(said, rulings) for said in now.said],
        [
            CompoundChoiceOut(
                one.field, *FIELD_WORDS[one.field], one.source, one.was, one.became, one.reason, one.actor_name,
                one.at,
            )
            for one in queries.choices_of(now.compound)
        ],
    )  # fmt: skip


def _why(ruling: Ruling) -> tuple[str, str]:
    zh, en = WHY[ruling.why]
    return zh.format(reason=ruling.reason), en.format(reason=ruling.reason)


def _value(field: str, ruling: Ruling) -> CompoundValueOut:
    zh, en = FIELD_WORDS[field]
    return CompoundValueOut(field, zh, en, _text(ruling.value), ruling.source, ruling.key, *_why(ruling))


def _text(value: Any) -> str:
    return f"{value[0]:.6f}, {value[1]:.6f}" if isinstance(value, tuple) else str(value)


def _source(said: Said, rulings: dict[str, Ruling]) -> CompoundSourceOut:
    held = {
        field: ruling
        for field, ruling in rulings.items()
        if (ruling.source, ruling.key) == (said.source, said.key)
    }
    lon, lat, datum = said.position or (None, None, "")
    return CompoundSourceOut(
        said.source, said.key, said.name, said.address, said.households, said.buildings, lon, lat, datum,
        said.seen_on, list(held),
        "；".join(f"{FIELD_WORDS[field][0]}：{_why(ruling)[0]}" for field, ruling in held.items()),
        "; ".join(f"{FIELD_WORDS[field][1]}: {_why(ruling)[1]}" for field, ruling in held.items()),
    )  # fmt: skip


def _buildings(floors: Iterable[FloorRow]) -> list[CompoundBuildingOut]:
    found: dict[UUID, CompoundBuildingOut] = {}
    stairwells: dict[tuple[UUID, str], CompoundStairwellOut] = {}
    for row in floors:
        building = found.setdefault(
            row.building_id,
            CompoundBuildingOut(row.building_id, row.building, row.building_lon, row.building_lat, []),
        )
        if row.id is None:
            continue
        stairwell = stairwells.get((row.building_id, row.stairwell))
        if stairwell is None:
            stairwell = stairwells[row.building_id, row.stairwell] = CompoundStairwellOut(row.stairwell, [])
            building.stairwells.append(stairwell)
        grid = (
            None
            if row.microgrid_id is None
            else FloorMicrogridOut(row.microgrid_id, row.microgrid, row.microgrid_code)
        )
        stairwell.floors.append(
            CompoundFloorOut(row.id, row.floor, row.top, row.homes, row.shops, row.estimated, grid)
        )
    return list(found.values())
