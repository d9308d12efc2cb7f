"""Every read of rosters. All start from what the actor may see; a person's own turns need no capability."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import ROSTER_VIEW
from shanzhi.city.places import queries as places
from shanzhi.work.rosters.flow import ASSIGNED, ON_POST
from shanzhi.work.rosters.models import Roster, Shift, Turn

MOST_LISTED = 200
_SIDE = (
    "SELECT coalesce(array_agg(DISTINCT {wanted}), '{{}}') FROM places_placeclosure "
    "WHERE {given} = ANY(%s) AND from_on <= %s AND (to_on IS NULL OR to_on > %s)"
)
_BELOW = _SIDE.format(wanted="descendant_id", given="ancestor_id")
_ABOVE = _SIDE.format(wanted="ancestor_id", given="descendant_id")


def visible_to(actor: Actor, on: date, capability: str = ROSTER_VIEW) -> "QuerySet[Roster]":
    """Rosters of places at or below the actor's, and those above that cover them."""
    grounds = places.reach(actor, capability)
    if grounds is None:
        return Roster.objects.all()
    if not grounds:
        return Roster.objects.none()
    below = Q(place_ids__overlap=RawSQL(f"({_BELOW})", [grounds, on, on]))
    above = Q(place_ids__overlap=RawSQL(f"({_ABOVE})", [grounds, on, on]))
    return Roster.objects.filter(below | above)


def shifts_visible_to(actor: Actor, on: date, capability: str = ROSTER_VIEW) -> "QuerySet[Shift]":
    """Shifts held at or below the actor's places."""
    grounds = places.reach(actor, capability)
    if grounds is None:
        return Shift.objects.all()
    return Shift.objects.filter(place_id__in=RawSQL(places.BELOW_SQL, [grounds, on, on]))


def turns_visible_to(actor: Actor, on: date, capability: str = ROSTER_VIEW) -> "QuerySet[Turn]":
    """Turns at or below the actor's places, and the actor's own."""
    grounds = places.reach(actor, capability)
    if grounds is None:
        return Turn.objects.all()
    inside = "SELECT id FROM rosters_shift WHERE place_id IN (" + places.BELOW_SQL + ")"
    seen = Q(shift_id__in=RawSQL(inside, [grounds, on, on]))
    if actor.account_id is not None:
        seen |= Q(account_id=actor.account_id)
    return Turn.objects.filter(seen)


@dataclass(frozen=True)
class Numbers:
    """Shifts of a roster from now on, in sight: people wanted, people there, shifts with a gap, people late."""

    shifts: int = 0
    wanted: int = 0
    held: int = 0
    gaps: int = 0
    on_post: int = 0
    late: int = 0


_NUMBERS = """
SELECT s.roster_id, count(*), sum(s.people), sum(coalesce(t.held, 0)),
  count(*) FILTER (WHERE coalesce(t.held, 0) < s.people), sum(coalesce(t.on_post, 0)), sum(coalesce(t.late, 0))
FROM rosters_shift s LEFT JOIN (
  SELECT t.area, t.shift_id, count(*) FILTER (WHERE t.state IN ('assigned', 'on_post')) AS held,
    count(*) FILTER (WHERE t.state = 'on_post') AS on_post,
    count(*) FILTER (WHERE t.state = 'assigned' AND t.warned_at IS NOT NULL) AS late
  FROM rosters_turn t WHERE t.ends_at > %(at)s GROUP BY t.area, t.shift_id
) t ON t.area = s.area AND t.shift_id = s.id
WHERE s.roster_id = ANY(%(rosters)s) AND s.ends_at > %(at)s AND s.dropped_at IS NULL AND {inside}
GROUP BY s.roster_id
"""


def numbers(roster_ids: Iterable[UUID], actor: Actor, at: datetime, on: date) -> dict[UUID, Numbers]:
    """Roster id -> what lies ahead, or goes on, in the actor's sight."""
    inside, given = places.scope_sql(actor, on, "s.place_id", ROSTER_VIEW)
    sql = _NUMBERS.replace("%(at)s", "%s").replace("%(rosters)s", "%s").format(inside=inside)
    with connection.cursor() as cursor:
        cursor.execute(sql, [at, list(roster_ids), at, *given])
        return {roster: Numbers(*map(int, found)) for roster, *found in cursor.fetchall()}


def shifts_of(
    roster: Roster, actor: Actor, on: date, *, begin: datetime, end: datetime, place_id: UUID | None = None
) -> "QuerySet[Shift]":
    """The shifts of a roster that touch a span, in sight, by hour and place."""
    rows = shifts_visible_to(actor, on).filter(
        roster=roster, begins_at__lt=end, ends_at__gt=begin, dropped_at=None
    )
    if place_id is not None:
        rows = rows.filter(place_id__in=RawSQL(places.BELOW_SQL, [[place_id], on, on]))
    return rows.select_related("place").order_by("begins_at", "place__code", "post", "id")


def turns_of(shifts: Iterable[Shift]) -> dict[UUID, list[Turn]]:
    """Shift id -> its turns that were not taken off, in the order in which they were given."""
    wanted = list(shifts)
    found: dict[UUID, list[Turn]] = {}
    rows = Turn.objects.filter(
        area__in={one.area for one in wanted}, shift_id__in=[one.id for one in wanted]
    ).exclude(state="taken_off")
    for turn in rows.select_related("account", "offer").order_by("id"):
        found.setdefault(turn.shift_id, []).append(turn)
    return found


def mine(account_id: UUID, at: datetime) -> list[Turn]:
    """A person's own turns: what is ahead or goes on, and the last two days."""
    rows = Turn.objects.filter(account_id=account_id, ends_at__gt=at - timedelta(days=2))
    rows = rows.exclude(state="taken_off").select_related("shift__roster", "shift__place")
    return list(rows.order_by("begins_at", "id")[:MOST_LISTED])


def late(actor: Actor, at: datetime, on: date) -> "QuerySet[Turn]":
    """Who was warned of and has not signed on (未到岗), while the shift lasts."""
    rows = turns_visible_to(actor, on).filter(state=ASSIGNED, warned_at__isnull=False, ends_at__gt=at)
    return rows.select_related("shift__roster", "shift__place", "account", "offer").order_by("begins_at")


def handovers(shift: Shift, at: datetime) -> list[Turn]:
    """What was handed over at the same post lately, the newest first."""
    rows = Turn.objects.filter(
        shift__roster_id=shift.roster_id, shift__place_id=shift.place_id, shift__post=shift.post,
        ended_at__isnull=False, ended_at__gt=at - timedelta(days=3),
    )  # fmt: skip
    return list(rows.exclude(handover="").select_related("account", "offer").order_by("-ended_at")[:3])


def on_post_now(activation_id: UUID) -> int:
    """How many are on post for an activation."""
    return Turn.objects.filter(shift__roster__activation_id=activation_id, state=ON_POST).count()


def name_of(turn: Turn) -> str:
    """The person's name; read with `account` and `offer`."""
    if turn.account is not None:
        return str(turn.account.display_name)
    return str(turn.offer.name) if turn.offer is not None else ""
