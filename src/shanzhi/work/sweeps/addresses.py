"""Where a door is, in words (门牌): compound, building, stairwell, floor, number. Callers have checked who asks."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from shanzhi.work.sweeps.flow import Unit
from shanzhi.work.sweeps.models import Piece


@dataclass(frozen=True)
class Door:
    """A door of a piece: its stretch's unit and kind, its number on the unit, and its address in words."""

    unit_id: UUID
    kind: int
    nth: int
    address: str


_UNITS = """
SELECT f.id, c.name, b.name, f.stairwell, f.floor, f.top,
  ARRAY(SELECT h.number FROM compounds_home h WHERE h.area = f.area AND h.floor_id = f.id AND NOT h.is_shop
    ORDER BY length(h.number), h.number, h.id),
  ARRAY(SELECT h.number FROM compounds_home h WHERE h.area = f.area AND h.floor_id = f.id AND h.is_shop
    ORDER BY length(h.number), h.number, h.id)
FROM compounds_floor f
JOIN compounds_building b ON b.area = f.area AND b.id = f.building_id
JOIN compounds_compound c ON c.area = b.area AND c.id = b.compound_id
WHERE f.area = ANY(%s) AND f.id = ANY(%s)
UNION ALL
SELECT c.id, c.name, '', '', 0, 0, '{}', '{}' FROM compounds_compound c WHERE c.area = ANY(%s) AND c.id = ANY(%s)
"""


class Addresses:
    """The addresses of the doors of some pieces, read at once."""

    def __init__(self, pieces: Iterable[Piece]) -> None:
        self._pieces = {piece.id: piece for piece in pieces}
        areas = list({piece.area for piece in self._pieces.values()})
        units = list({unit for piece in self._pieces.values() for unit in piece.units})
        with connection.cursor() as cursor:
            cursor.execute(_UNITS, [areas, units, areas, units])
            self._units = {row[0]: row[1:] for row in cursor.fetchall()}
        self._ends: dict[UUID, list[int]] = {}

    def door(self, piece_id: UUID, number: int) -> Door:
        """The door of a number. Raises IndexError when the piece has none of it."""
        piece = self._pieces[piece_id]
        left = number
        for unit, kind, first, count in zip(
            piece.units, piece.kinds, piece.firsts, piece.counts, strict=True
        ):
            if left < count:
                return Door(unit, kind, first + left, self._words(unit, kind, first + left))
            left -= count
        raise IndexError(number)

    def _words(self, unit: UUID, kind: int, nth: int) -> str:
        found = self._units.get(unit)
        if found is None:
            return f"第 {nth + 1} 户"
        compound, building, stairwell, floor, top, homes, shops = found
        if kind == Unit.COMPOUND:
            return str(compound)
        shop = kind in {Unit.SHOP, Unit.COMPOUND_SHOP}
        numbers = shops if shop else homes
        number = numbers[nth] if nth < len(numbers) else f"第 {nth + 1} {'铺' if shop else '户'}"
        stairs = f"{stairwell}单元" if stairwell.isdigit() else stairwell
        storey = "" if not building else f"{floor} 层" if floor == top else f"{floor}–{top} 层"
        return " ".join(part for part in (compound, building, stairs, storey, number) if part)


def addresses_of(pieces: Iterable[Piece]) -> Addresses:
    """Read the addresses of these pieces."""
    return Addresses(pieces)
