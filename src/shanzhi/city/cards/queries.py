"""Reading boards: who holds the posts of a board at a place, or at the nearest place above it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import connection

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import PLACE_VIEW
from shanzhi.base.rows.encryption import decrypt
from shanzhi.city.cards.errors import NoBoard
from shanzhi.city.people import queries as people
from shanzhi.city.places import queries as places
from shanzhi.city.places.levels import Level
from shanzhi.city.places.models import PlaceVersion
from shanzhi.core.kit.errors import NotFound

# From the place that has a board upwards.
LEVELS = (Level.COMMUNITY, Level.GRID, Level.MICROGRID)


@dataclass(frozen=True)
class Role:
    """A role on the board, in the order of the pack."""

    code: str
    zh: str
    en: str
    duties_zh: str
    duties_en: str


@dataclass(frozen=True)
class Person:
    """Whoever holds a role: at the place, or at `place_name` above it.

    `phone` and `photo` as they are kept; whether they are printed says `is_shown`.
    """

    role: str
    post_id: UUID
    name: str
    place_id: UUID
    place_name: str
    phone: str
    photo: str | None
    is_shown: bool

    @property
    def printed_phone(self) -> str:
        """The telephone as everybody reads it."""
        return self.phone if self.is_shown else ""

    @property
    def printed_photo(self) -> str | None:
        """The hash of the photo as everybody sees it."""
        return self.photo if self.is_shown else None


@dataclass(frozen=True)
class Board:
    """The board of a place: its roles, the people in them in that order, and where it lies."""

    place: places.Node
    community: str
    street: str
    roles: tuple[Role, ...]
    people: tuple[Person, ...]

    @property
    def missing(self) -> tuple[Role, ...]:
        """The roles that nobody holds (待配备)."""
        held = {person.role for person in self.people}
        return tuple(role for role in self.roles if role.code not in held)


# The nearest posts of each role: at the place itself, else above it up to the community.
# Parameters: levels, list of place ids, the day four times.
_PEOPLE = """
SELECT place_id, role, post_id, name, held_at, held_name, phone, photo_id, is_shown FROM (
  SELECT c.descendant_id AS place_id, k.board AS role, p.id AS post_id, a.display_name AS name,
    above.id AS held_at, above.name AS held_name, o.phone, o.photo_id, coalesce(o.is_shown, false) AS is_shown,
    k.position, p.from_on, rank() OVER (PARTITION BY c.descendant_id, k.board ORDER BY c.depth) AS near
  FROM places_placeclosure c
  JOIN places_place above ON above.id = c.ancestor_id AND above.level = ANY(%s)
  JOIN people_post p ON p.place_id = above.id AND p.from_on <= %s AND (p.to_on IS NULL OR p.to_on > %s)
  JOIN people_postkind k ON k.code = p.kind_id AND k.board <> ''
  JOIN people_account a ON a.id = p.account_id AND a.is_active
  LEFT JOIN cards_postcontact o ON o.post_id = p.id
  WHERE c.descendant_id = ANY(%s) AND c.from_on <= %s AND (c.to_on IS NULL OR c.to_on > %s)
) held WHERE near = 1 ORDER BY place_id, position, from_on, post_id
"""


def roles() -> tuple[Role, ...]:
    """The roles of a board, in the order of the pack; the first kind of post names a role."""
    found: dict[str, Role] = {}
    for kind in people.post_kinds():
        if kind.board:
            found.setdefault(kind.board, Role(kind.board, kind.zh, kind.en, kind.duties_zh, kind.duties_en))
    return tuple(found.values())


def _people(place_ids: Sequence[UUID], on: date) -> dict[UUID, list[Person]]:
    found: dict[UUID, list[Person]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_PEOPLE, [[str(level) for level in LEVELS], on, on, list(place_ids), on, on])
        for place_id, role, post_id, name, held_at, held_name, phone, photo, is_shown in cursor.fetchall():
            number = decrypt(bytes(phone)) if phone else ""
            person = Person(role, post_id, name, held_at, held_name, number, photo, is_shown)
            found.setdefault(place_id, []).append(person)
    return found


def _boards(nodes: Sequence[places.Node], community: str, street: str, on: date) -> list[Board]:
    all_roles, holders = roles(), _people([node.id for node in nodes], on)
    return [Board(node, community, street, all_roles, tuple(holders.get(node.id, []))) for node in nodes]


def _lies(node: places.Node, on: date) -> tuple[str, str]:
    """Names of the community and of the street of a place. Raises NoBoard above the community."""
    if node.level not in set(LEVELS):
        raise NoBoard(field="place_id", name=node.name)
    names = {above.level: above.name for above in places.ancestors(node.id, on)} | {node.level: node.name}
    return names.get(Level.COMMUNITY, ""), names.get(Level.STREET, "")


def board_for(actor: Actor, place_id: UUID, on: date) -> Board:
    """The board of a place in the actor's sight. Raises NotFound, NoBoard."""
    if not places.visible_to(actor, on, PLACE_VIEW).filter(id=place_id).exists():
        raise NotFound(field="place_id")
    node = places.node(place_id, on)
    return _boards([node], *_lies(node, on), on)[0]


def boards_below(actor: Actor, place_id: UUID, on: date, *, level: Level) -> list[Board]:
    """The boards of all places of a level under a place, by code. Raises NotFound, NoBoard."""
    if not places.visible_to(actor, on, PLACE_VIEW).filter(id=place_id).exists():
        raise NotFound(field="place_id")
    top = places.node(place_id, on)
    community, street = _lies(top, on)
    found, rows = [], [top]
    while rows:
        found += [row for row in rows if row.level == level]
        rows = [
            child
            for row in rows
            if row.has_children and Level(row.level).rank < level.rank
            for child in places.children(row.id, on)
        ]
    return _boards(sorted(found, key=lambda node: node.code), community, street, on) if found else []


def public_board(code: str, on: date) -> Board:
    """The board of the place that has this code, or, printed cards live long, that had it last. Raises NotFound."""
    node = places.by_code(code, on)
    if node is None:
        past = PlaceVersion.objects.filter(code=code, from_on__lte=on, place__closed_on=None)
        last = past.order_by("-from_on").values_list("place_id", flat=True).first()
        if last is None:
            raise NotFound(field="code")
        node = places.node(last, on)
    try:
        return _boards([node], *_lies(node, on), on)[0]
    except NoBoard as error:
        raise NotFound(field="code") from error
