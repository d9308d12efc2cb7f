"""Every read of sweeps. All start from what the actor may see; somebody's own list needs no capability to look."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import SWEEP_MANAGE, SWEEP_VIEW, SWEEP_VISIT
from shanzhi.city.people.models import Account, Post
from shanzhi.city.places import queries as places
from shanzhi.core.kit.errors import NotFound
from shanzhi.work.sweeps.flow import BYTES, DRAFT, DROPPED, ISSUED, PROPOSED
from shanzhi.work.sweeps.folding import COUNTS, settled_names
from shanzhi.work.sweeps.models import CoverCount, FollowUp, Piece, PlaceCover, Share, Sweep, Turn, TurnPiece

MOST_LISTED = 200
_ABOVE_SQL = (
    "SELECT coalesce(array_agg(DISTINCT ancestor_id), '{}') FROM places_placeclosure "
    "WHERE descendant_id = ANY(%s) AND from_on <= %s AND (to_on IS NULL OR to_on > %s)"
)
_BELOW_SQL = (
    "SELECT coalesce(array_agg(descendant_id), '{}') FROM places_placeclosure "
    "WHERE ancestor_id = ANY(%s) AND from_on <= %s AND (to_on IS NULL OR to_on > %s)"
)


def visible_to(actor: Actor, on: date) -> "QuerySet[Sweep]":
    """Sweeps made, or going, at or below the actor's places; and what is in force above them."""
    grounds = places.reach(actor, SWEEP_VIEW)
    if grounds is None:
        return Sweep.objects.all()
    if not grounds:
        return Sweep.objects.none()
    mine = Q(place_id__in=RawSQL(places.BELOW_SQL, [grounds, on, on]))
    mine |= Q(place_ids__overlap=RawSQL(f"({_BELOW_SQL})", [grounds, on, on]))
    covers = Q(place_ids__overlap=RawSQL(f"({_ABOVE_SQL})", [grounds, on, on]))
    return Sweep.objects.filter(mine | (covers & ~Q(state__in=[DRAFT, PROPOSED, DROPPED])))


def scope_of(actor: Actor, sweep: Sweep, on: date) -> list[UUID] | None:
    """The places whose part of a sweep the actor sees: None when it is the whole of it."""
    grounds = places.reach(actor, SWEEP_VIEW)
    if grounds is None or all(places.is_within(one, grounds, on) for one in sweep.place_ids):
        return None
    return grounds


def follow_ups_visible_to(actor: Actor, on: date) -> "QuerySet[FollowUp]":
    """What visits led to at or below the places where the actor runs sweeps."""
    grounds = places.reach(actor, SWEEP_MANAGE)
    if grounds is None:
        return FollowUp.objects.all()
    return FollowUp.objects.filter(place_id__in=RawSQL(places.BELOW_SQL, [grounds, on, on]))


def day_of(sweep: Sweep) -> date:
    """The day whose tree of places a sweep goes by."""
    return localdate(sweep.issued_at or sweep.drafted_at)


@dataclass(frozen=True)
class Numbers:
    """How far a turn got: each door is counted once. `remaining`: nobody there yet, or nobody home."""

    doors: int = 0
    visited: int = 0
    absent: int = 0
    refused: int = 0
    vacant: int = 0
    help: int = 0
    wrong: int = 0

    @property
    def settled(self) -> int:
        """Doors where nobody has to come again."""
        return sum(int(getattr(self, one)) for one in settled_names())

    @property
    def remaining(self) -> int:
        """Doors where somebody has to come."""
        return self.doors - self.settled


def numbers_of(rows: Iterable[Any]) -> Numbers:
    """The sum of rows that hold the counts."""
    found = list(rows)
    return Numbers(*(sum(int(getattr(row, name)) for row in found) for name in ("doors", *COUNTS)))


def settled_of(turn: Turn) -> int:
    """How many doors of a turn are settled."""
    return numbers_of([turn]).settled


def numbers(sweep: Sweep, turn: Turn | None, scope: list[UUID] | None) -> Numbers:
    """How far a turn got, or the part of it in sight."""
    if turn is None:
        return Numbers(doors=sweep.doors or 0)
    if scope is None:
        return numbers_of([turn])
    return numbers_of(PlaceCover.objects.filter(sweep=sweep, turn=turn.number, place_id__in=scope))


def turns_of(sweep: Sweep) -> list[Turn]:
    """Its turns so far, in order."""
    return list(Turn.objects.filter(sweep=sweep).order_by("number"))


def turn_of(sweep: Sweep, number: int | None, at: datetime) -> Turn | None:
    """The turn of a number, else the one that is open or was last. Raises NotFound for a number that is not there."""
    rows = Turn.objects.filter(sweep=sweep)
    if number is None:
        return rows.order_by("-number").first()
    found = rows.filter(number=number).first()
    if found is None:
        raise NotFound(field="turn")
    return found


def curve(sweep: Sweep, turn: Turn) -> list[CoverCount]:
    """The coverage curve, thinned to at most some hundred points."""
    points = list(CoverCount.objects.filter(sweep=sweep, turn=turn.number).order_by("at"))
    step = max(1, len(points) // 300)
    return [*points[:-1:step], *points[-1:]]


_CHILDREN = f"""
SELECT r.place_id, v.name, p.level, r.doors, {", ".join(f"r.{one}" for one in COUNTS)},
  EXISTS (SELECT 1 FROM places_placeclosure d WHERE d.ancestor_id = p.id AND d.depth = 1
    AND d.from_on <= %(on)s AND (d.to_on IS NULL OR d.to_on > %(on)s))
FROM sweeps_placecover r
JOIN places_place p ON p.id = r.place_id
JOIN places_placeversion v ON v.place_id = p.id AND v.from_on <= %(on)s AND (v.to_on IS NULL OR v.to_on > %(on)s)
WHERE r.sweep_id = %(sweep)s AND r.turn = %(turn)s AND {{which}}
ORDER BY v.pinyin, p.code
"""
_UNDER = """r.place_id IN (SELECT k.descendant_id FROM places_placeclosure k WHERE k.ancestor_id = %(place)s
  AND k.depth = 1 AND k.from_on <= %(on)s AND (k.to_on IS NULL OR k.to_on > %(on)s))"""


@dataclass(frozen=True)
class PlaceLine:
    """A place of the coverage."""

    place_id: UUID
    name: str
    level: str
    numbers: Numbers
    has_below: bool


def by_place(sweep: Sweep, turn: Turn, place_id: UUID | None, scope: list[UUID] | None) -> list[PlaceLine]:
    """The places right under one, or the highest in sight, those with most remaining doors first."""
    given: dict[str, Any] = {"sweep": sweep.id, "turn": turn.number, "on": day_of(sweep), "place": place_id}
    which = _UNDER
    if place_id is None:
        which, given["tops"] = "r.place_id = ANY(%(tops)s)", sweep.place_ids if scope is None else scope
    with connection.cursor() as cursor:
        cursor.execute(_CHILDREN.format(which=which), given)
        rows = [
            PlaceLine(place, name, level, Numbers(*found), has_below)
            for place, name, level, *found, has_below in cursor.fetchall()
        ]
    return sorted(rows, key=lambda one: -one.numbers.remaining)


def check_place(sweep: Sweep, place_id: UUID | None, scope: list[UUID] | None) -> None:
    """Raise NotFound for a place out of sight."""
    if place_id is not None and scope is not None and not places.is_within(place_id, scope, day_of(sweep)):
        raise NotFound(field="place")


@dataclass(frozen=True)
class Missed:
    """Doors of a piece that remain: their numbers, those with nobody home apart."""

    piece: Piece
    open: list[int]
    absent: list[int]


def missed(
    sweep: Sweep,
    turn: Turn,
    place_id: UUID | None,
    scope: list[UUID] | None,
    *,
    after: int = 0,
    limit: int = 100,
) -> list[Missed]:
    """Pieces with remaining doors (漏访), by place; a page of them."""
    tops = [place_id] if place_id is not None else sweep.place_ids if scope is None else scope
    on = day_of(sweep)
    settled = " + ".join(f"t.{one}" for one in settled_names())
    rows = TurnPiece.objects.raw(
        f"SELECT t.* FROM sweeps_turnpiece t JOIN places_place l ON l.id = t.place_id WHERE t.sweep_id = %s "
        f"AND t.turn = %s AND t.place_id IN ({places.BELOW_SQL}) AND t.doors > {settled} "
        "ORDER BY l.code, t.piece_id OFFSET %s LIMIT %s",
        [sweep.id, turn.number, tops, on, on, after, limit],
    )
    found = list(rows)
    pieces = {
        piece.id: piece for piece in Piece.objects.filter(sweep=sweep, id__in=[row.piece_id for row in found])
    }
    return [
        Missed(
            pieces[row.piece_id],
            [n for n, state in enumerate(bytes(row.states)) if state == BYTES["open"]],
            [n for n, state in enumerate(bytes(row.states)) if state == BYTES["absent"]],
        )
        for row in found
    ]


_LISTS = """
SELECT c.group_id, v.name, l.code, cardinality(c.people), c.doors,
  (SELECT coalesce(sum(t.doors - ({settled})), 0)::int FROM sweeps_turnpiece t
   WHERE t.sweep_id = c.sweep_id AND t.turn = c.turn AND t.group_id = c.group_id)
FROM sweeps_crew c JOIN places_place l ON l.id = c.group_id
JOIN places_placeversion v ON v.place_id = l.id AND v.from_on <= %s AND (v.to_on IS NULL OR v.to_on > %s)
WHERE c.sweep_id = %s AND c.turn = %s AND c.group_id IN ({below})
ORDER BY (cardinality(c.people) = 0) DESC, c.doors::float / greatest(cardinality(c.people), 1) DESC, l.code
OFFSET %s LIMIT %s
"""


@dataclass(frozen=True)
class ListLine:
    """The lists of a group: how many people share how many doors, and how many remain. No names."""

    place_id: UUID
    name: str
    code: str
    people: int
    doors: int
    remaining: int


def lists(
    sweep: Sweep,
    turn: Turn,
    place_id: UUID | None,
    scope: list[UUID] | None,
    *,
    after: int = 0,
    limit: int = 200,
) -> list[ListLine]:
    """How the doors are shared (派单情况), by group; those without people first, then those with most a head."""
    tops = [place_id] if place_id is not None else sweep.place_ids if scope is None else scope
    on = day_of(sweep)
    settled = " + ".join(f"t.{one}" for one in settled_names())
    with connection.cursor() as cursor:
        cursor.execute(
            _LISTS.format(settled=settled, below=places.BELOW_SQL),
            [on, on, sweep.id, turn.number, tops, on, on, after, limit],
        )
        return [ListLine(*row) for row in cursor.fetchall()]


def visitors(place_ids: Sequence[UUID], at: datetime) -> int:
    """How many people may visit doors under these places now."""
    from shanzhi.work.sweeps.sharing import _PEOPLE

    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM ({_PEOPLE}) people",
            {"on": localdate(at), "at": at, "places": list(place_ids)},
        )
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def runs_sweeps_over(actor: Actor, account_id: UUID, at: datetime) -> bool:
    """Whether the account holds a post, that may visit, at or below places where the actor runs sweeps."""
    on = localdate(at)
    grounds = places.reach(actor, SWEEP_MANAGE)
    held = Post.objects.filter(
        account_id=account_id, kind__capabilities__contains=[SWEEP_VISIT], from_on__lte=on
    ).exclude(to_on__lte=on)
    if grounds is None:
        return held.exists()
    return held.filter(place_id__in=RawSQL(places.BELOW_SQL, [grounds, on, on])).exists()


@dataclass(frozen=True)
class Mine:
    """Somebody's list in one sweep: its turn, shares in the order of walking, pieces with their states."""

    sweep: Sweep
    turn: Turn
    shares: list[Share]
    pieces: dict[UUID, Piece]
    states: dict[UUID, bytes]


def mine(account_id: UUID, at: datetime) -> list[Mine]:
    """The lists of one person in the sweeps under way, the newest sweep first."""
    rows = list(Share.objects.filter(account_id=account_id).order_by("sweep_id", "turn", "position"))
    sweeps = {
        one.id: one for one in Sweep.objects.filter(id__in={row.sweep_id for row in rows}, state=ISSUED)
    }
    turns = {
        (one.sweep_id, one.number): one
        for one in Turn.objects.filter(
            sweep_id__in=sweeps, opens_at__lte=at, closes_at__gt=at - timedelta(hours=2)
        )
    }
    newest: dict[UUID, Turn] = {}
    for turn in turns.values():
        if turn.sweep_id not in newest or newest[turn.sweep_id].number < turn.number:
            newest[turn.sweep_id] = turn
    found = []
    for sweep_id, turn in newest.items():
        shares = [row for row in rows if row.sweep_id == sweep_id and row.turn == turn.number]
        ids = {row.piece_id for row in shares}
        areas = {row.area for row in shares}
        pieces = {one.id: one for one in Piece.objects.filter(area__in=areas, id__in=ids)}
        states = TurnPiece.objects.filter(area__in=areas, piece_id__in=ids, turn=turn.number)
        found.append(
            Mine(sweeps[sweep_id], turn, shares, pieces, {one.piece_id: bytes(one.states) for one in states})
        )
    return sorted(found, key=lambda one: one.sweep.issued_at or at, reverse=True)


_SEEN = """
SELECT DISTINCT ON (v.piece_id, v.door) v.piece_id, v.door, v.result, v.happened_at, v.revisit_at, a.display_name
FROM sweeps_visit v LEFT JOIN people_account a ON a.id = v.account_id
WHERE v.piece_id = ANY(%s) AND v.turn = %s AND v.area = ANY(%s)
ORDER BY v.piece_id, v.door, v.happened_at DESC, v.id DESC
"""


@dataclass(frozen=True)
class Seen:
    """The newest visit of a door: what came of it, when, who was there."""

    result: int
    happened_at: datetime
    revisit_at: datetime | None
    name: str


def seen(pieces: Iterable[Piece], turn: int) -> dict[tuple[UUID, int], Seen]:
    """The newest visit of each door of these pieces, straight from the visits: two at one door see each other."""
    rows = list(pieces)
    if not rows:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_SEEN, [[one.id for one in rows], turn, list({one.area for one in rows})])
        return {(row[0], row[1]): Seen(row[2], row[3], row[4], row[5] or "") for row in cursor.fetchall()}


def piece_for(actor: Actor, area: str, piece_id: UUID, on: date) -> Piece:
    """A piece whose doors the actor may visit, or of a sweep that they see. Raises NotFound."""
    found = Piece.objects.filter(area=area, id=piece_id).first()
    if found is None:
        raise NotFound(field="piece")
    grounds = places.reach(actor, SWEEP_VISIT)
    if grounds is None or any(
        places.is_within(found.place_id, [one], on) or places.is_within(one, [found.group_id], on)
        for one in grounds
    ):
        return found
    viewed = places.reach(actor, SWEEP_VIEW)
    if viewed is None or places.is_within(found.place_id, viewed, on):
        return found
    raise NotFound(field="piece")


_LAST = """
SELECT DISTINCT ON (v.piece_id, v.door) v.piece_id, v.door, v.position, s.raw
FROM sweeps_visit v JOIN sweeps_submission s ON s.area = v.area AND s.id = v.submission_id AND s.raw IS NOT NULL
WHERE v.piece_id = ANY(%s) AND v.area = ANY(%s) AND v.result = ANY(%s)
ORDER BY v.piece_id, v.door, v.happened_at DESC, v.id DESC
"""


def last_raw(pieces: Iterable[Piece]) -> list[tuple[UUID, int, int, bytes]]:
    """Of each door the newest visit with answers: piece, door, position in the submission, the submission."""
    rows = list(pieces)
    if not rows:
        return []
    met = [BYTES["visited"], BYTES["help"]]
    with connection.cursor() as cursor:
        cursor.execute(_LAST, [[one.id for one in rows], list({one.area for one in rows}), met])
        return list(cursor.fetchall())


def names_of(account_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Account id -> name shown."""
    return dict(Account.objects.filter(id__in=set(account_ids)).values_list("id", "display_name"))


def waiting_of(sweep: Sweep, tops: Sequence[UUID] | None) -> dict[str, int]:
    """How many follow-ups wait, by kind, at or below places."""
    rows = FollowUp.objects.filter(sweep_id=sweep.id, state="waiting")
    if tops is not None:
        on = day_of(sweep)
        rows = rows.filter(place_id__in=RawSQL(places.BELOW_SQL, [list(tops), on, on]))
    found: dict[str, int] = {}
    for kind in rows.values_list("kind", flat=True):
        found[kind] = found.get(kind, 0) + 1
    return found
