"""The part of the tree near a change (变更所及的区划): read place by place as it is asked for.

A city has 150,000 places, and a change names a handful: measured there, reading them all took 5 s of a preview.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection

from shanzhi.city.places.levels import Level
from shanzhi.city.places.succession import Node, Tree

# A span without a day in it is what an undoing leaves.
_NODES = """
SELECT p.id, p.level, p.code, p.name, k.ancestor_id, p.urban_rural_class, p.lon, p.lat,
  coalesce((SELECT max(v.from_on) FROM places_placeversion v
            WHERE v.place_id = p.id AND (v.to_on IS NULL OR v.to_on > v.from_on)), p.opened_on),
  coalesce(k.from_on, p.opened_on), p.closed_on IS NOT NULL
FROM places_place p
LEFT JOIN places_placeclosure k ON k.descendant_id = p.id AND k.depth = 1 AND k.to_on IS NULL
WHERE p.id = ANY(%s)
"""


class Nodes(Mapping[UUID, Node]):
    """Places by id as they stand, closed ones too; each is read once. It lists only what has been asked for."""

    def __init__(self) -> None:
        self._known: dict[UUID, Node | None] = {}

    def load(self, places: Iterable[UUID | None]) -> None:
        """Read many at once."""
        wanted = [place for place in set(places) if place is not None and place not in self._known]
        if not wanted:
            return
        self._known |= dict.fromkeys(wanted)
        with connection.cursor() as cursor:
            cursor.execute(_NODES, [wanted])
            for place, level, *rest in cursor.fetchall():
                self._known[place] = Node(place, Level(level), *rest)

    def new(self, places: Iterable[UUID]) -> None:
        """Say of places that are yet to be made that they are not there."""
        self._known |= dict.fromkeys(places)

    def __getitem__(self, place: UUID) -> Node:
        self.load([place])
        found = self._known[place]
        if found is None:
            raise KeyError(place)
        return found

    def __iter__(self) -> Iterator[UUID]:
        return (place for place, node in self._known.items() if node is not None)

    def __len__(self) -> int:
        return sum(node is not None for node in self._known.values())


class Near(Tree):
    """A tree that is read as needed, within the tree's lock. `grounds` and `days` say how far an actor reaches:
    what lies under one of the places on each of the days (None: everywhere).
    """

    nodes: Nodes

    def __init__(self, grounds: list[UUID] | None = None, days: Iterable[date] = ()) -> None:
        super().__init__(Nodes())
        object.__setattr__(self, "_grounds", grounds)
        object.__setattr__(self, "_days", sorted(set(days)))

    def within(self, place: UUID) -> bool:
        """Whether the actor reaches the place."""
        grounds: list[UUID] | None = self.__dict__["_grounds"]
        return grounds is None or all(
            _rows(
                "SELECT 1 FROM places_placeclosure WHERE descendant_id = %s AND ancestor_id = ANY(%s) "
                "AND from_on <= %s AND (to_on IS NULL OR to_on > %s) LIMIT 1",
                [place, grounds, day, day],
            )
            for day in self.__dict__["_days"]
        )

    def below(self, place: UUID) -> list[Node]:
        """What stands right under a place, by code."""
        found = [
            child
            for (child,) in _rows(
                "SELECT k.descendant_id FROM places_placeclosure k JOIN places_place p ON p.id = k.descendant_id "
                "WHERE k.ancestor_id = %s AND k.depth = 1 AND k.to_on IS NULL AND p.closed_on IS NULL",
                [place],
            )
        ]
        self.nodes.load(found)
        return sorted((self.nodes[child] for child in found), key=lambda node: node.code)

    def codes_under(self, code: str) -> set[str]:
        """Every code that begins so and was ever given."""
        return {
            found
            for (found,) in _rows(
                "SELECT DISTINCT code FROM places_placeversion WHERE code LIKE %s", [f"{code}%"]
            )
        }


def _rows(sql: str, params: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()
