"""Writing many compounds, buildings and floors at once. Called by actions alone, in their transaction."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from django.db import connection

from shanzhi.city.places.store import pinyin_key
from shanzhi.core.kit.ids import uuid7

_COMPOUNDS = (
    "id, area, kind, name, pinyin, code, address, place_id, lon, lat, datum, households, buildings, opened_on"
)
_BUILDINGS = "id, area, compound_id, name, lon, lat, opened_on, estimated"
_FLOORS = "id, area, building_id, stairwell, floor, top, homes, shops, opened_on, estimated"


class BulkRows:
    """Rows that wait to be written together; each method gives the id of its row."""

    def __init__(self) -> None:
        self._compounds: list[tuple[object, ...]] = []
        self._buildings: list[tuple[object, ...]] = []
        self._floors: list[tuple[object, ...]] = []
        self._keys: dict[str, str] = {}

    def compound(
        self,
        area: str,
        kind: str,
        name: str,
        place_id: UUID,
        lon: float | None,
        lat: float | None,
        households: int | None,
        buildings: int | None,
        on: date,
        *,
        code: str = "",
        address: str = "",
        datum: str = "",
    ) -> UUID:
        """A compound."""
        made = uuid7()
        key = self._keys.get(name)
        if key is None:
            key = self._keys[name] = pinyin_key(name)
        self._compounds.append(
            (made, area, kind, name, key, code, address, place_id, lon, lat, datum, households, buildings, on)
        )
        return made

    def building(
        self,
        area: str,
        compound: UUID,
        name: str,
        lon: float | None,
        lat: float | None,
        on: date,
        estimated: bool = False,
    ) -> UUID:
        """A building of a compound."""
        made = uuid7()
        self._buildings.append((made, area, compound, name, lon, lat, on, estimated))
        return made

    def floor(
        self,
        area: str,
        building: UUID,
        stairwell: str,
        floor: int,
        top: int,
        homes: int,
        shops: int,
        on: date,
        estimated: bool = False,
    ) -> UUID:
        """A floor of a stairwell of a building."""
        made = uuid7()
        self._floors.append((made, area, building, stairwell, floor, top, homes, shops, on, estimated))
        return made

    def write(self) -> None:
        """Write what waits, compounds first."""
        for table, columns, rows in (
            ("compounds_compound", _COMPOUNDS, self._compounds),
            ("compounds_building", _BUILDINGS, self._buildings),
            ("compounds_floor", _FLOORS, self._floors),
        ):
            _copy(table, columns, rows)
            rows.clear()


def _copy(table: str, columns: str, rows: Sequence[tuple[object, ...]]) -> None:
    if rows:
        with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
