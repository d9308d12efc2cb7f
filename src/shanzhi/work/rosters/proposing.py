"""Proposing who takes which shift (排班建议): read in sets, shared out fairly, nobody twice, everybody rested.

The shifts are taken in the order of their beginning. Each goes to whoever of those who may take it has the fewest
hours in the roster's span, the nearest first among equals; somebody who is on duty within the hours of rest around
it, or would have more than a week's hours within seven days, is passed over.
"""

import bisect
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import connection
from django.utils.timezone import localdate

from shanzhi.work.rosters import packs
from shanzhi.work.rosters.models import Roster, Shift

_WEEK = timedelta(days=7)
# Who may take shifts at which place: by a post of the kinds at, below or above it inside the roster's places, or
# by a surge posting there. `near`: 0 at or below the place, 1 posted there by a surge posting, 2 from above.
_WHO = """
WITH inside AS (
  SELECT DISTINCT descendant_id AS place_id FROM places_placeclosure
  WHERE ancestor_id = ANY(%(tops)s) AND from_on <= %(on)s AND (to_on IS NULL OR to_on > %(on)s)
), near AS (
  SELECT ancestor_id AS spot, descendant_id AS place_id, 0 AS near FROM places_placeclosure
  WHERE ancestor_id = ANY(%(spots)s) AND from_on <= %(on)s AND (to_on IS NULL OR to_on > %(on)s)
  UNION
  SELECT descendant_id, ancestor_id, 2 FROM places_placeclosure
  WHERE descendant_id = ANY(%(spots)s) AND depth > 0 AND from_on <= %(on)s AND (to_on IS NULL OR to_on > %(on)s)
)
SELECT n.spot, a.id, true, a.display_name, n.near, p.from_on, p.to_on
FROM near n JOIN people_post p ON p.place_id = n.place_id JOIN people_account a ON a.id = p.account_id AND a.is_active
WHERE p.kind_id = ANY(%(kinds)s) AND p.from_on < %(until)s AND (p.to_on IS NULL OR p.to_on > %(on)s)
  AND (n.near = 0 OR n.place_id IN (SELECT place_id FROM inside))
UNION ALL
SELECT n.spot, coalesce(o.account_id, o.id), o.account_id IS NOT NULL, o.name, 1, g.from_on, g.to_on
FROM near n JOIN surge_posting g ON g.place_id = n.place_id AND g.ended_at IS NULL
JOIN surge_offer o ON o.id = g.offer_id
WHERE 'surge_worker' = ANY(%(kinds)s) AND g.from_on < %(until)s AND g.to_on > %(on)s
  AND (n.near = 0 OR n.place_id IN (SELECT place_id FROM inside))
"""
_BUSY = """
SELECT person_id, begins_at, ends_at FROM rosters_turn
WHERE person_id = ANY(%(people)s) AND state IN ('assigned', 'on_post', 'relieved')
  AND ends_at > %(begin)s AND begins_at < %(end)s
"""


@dataclass(frozen=True)
class Person:
    """Somebody who may take a shift at a place, from one day until before another."""

    id: UUID
    is_account: bool
    name: str
    near: int
    from_on: date
    to_on: date | None


@dataclass
class Diary:
    """When somebody is on duty, in order."""

    spans: list[tuple[datetime, datetime]] = field(default_factory=list)
    hours: float = 0.0

    def add(self, begins: datetime, ends: datetime) -> None:
        bisect.insort(self.spans, (begins, ends))
        self.hours += (ends - begins) / timedelta(hours=1)

    def rested(self, begins: datetime, ends: datetime, rest: timedelta) -> bool:
        return all(end + rest <= begins or ends + rest <= begin for begin, end in self.spans)

    def fits_week(self, begins: datetime, ends: datetime, most: float) -> bool:
        """Whether no seven days that hold the new shift hold more than `most` hours."""
        spans = sorted([*self.spans, (begins, ends)])
        for first, _ in spans:
            if not first <= begins < first + _WEEK:
                continue
            hours = sum((e - b) / timedelta(hours=1) for b, e in spans if first <= b < first + _WEEK)
            if hours > most:
                return False
        return True


@dataclass(frozen=True)
class Proposed:
    """Somebody for a shift."""

    shift: Shift
    person: Person


@dataclass(frozen=True)
class Proposal:
    """Who would take what; how many places of shifts stay empty."""

    items: list[Proposed]
    unfilled: int

    @property
    def token(self) -> str:
        """Names exactly this."""
        said = "\n".join(f"{one.shift.id} {one.person.id}" for one in self.items)
        return hashlib.sha256(f"{said}\n{self.unfilled}".encode()).hexdigest()[:32]


def candidates(roster: Roster, spots: Iterable[UUID], on: date, until: date) -> dict[UUID, list[Person]]:
    """Place -> who may take shifts there, the nearest first, each once."""
    with connection.cursor() as cursor:
        cursor.execute(
            _WHO,
            {"tops": roster.place_ids, "spots": list(set(spots)), "kinds": roster.kinds, "on": on, "until": until},
        )  # fmt: skip
        found: dict[UUID, dict[UUID, Person]] = defaultdict(dict)
        for spot, *rest in sorted(cursor.fetchall(), key=lambda row: (row[4], str(row[1]))):
            person = Person(*rest)
            found[spot].setdefault(person.id, person)
    return {spot: list(people.values()) for spot, people in found.items()}


def diaries(people: Iterable[UUID], begin: datetime, end: datetime) -> dict[UUID, Diary]:
    """When each is on duty around a span, in any roster."""
    made: dict[UUID, Diary] = defaultdict(Diary)
    with connection.cursor() as cursor:
        cursor.execute(_BUSY, {"people": list(set(people)), "begin": begin - _WEEK, "end": end + _WEEK})
        for person, begins, ends in cursor.fetchall():
            made[person].add(begins, ends)
    return made


def propose(roster: Roster, shifts: Sequence[Shift], held: dict[UUID, set[UUID]], on: date) -> Proposal:
    """Share out what is open. `held` tells who has which shift already."""
    rules = packs.rules()
    wanted = sorted(shifts, key=lambda one: (one.begins_at, str(one.place_id), one.post, str(one.id)))
    if not wanted:
        return Proposal([], 0)
    until = localdate(max(one.ends_at for one in wanted)) + timedelta(days=1)
    who = candidates(roster, (one.place_id for one in wanted), on, until)
    books = diaries(
        (person.id for people in who.values() for person in people),
        wanted[0].begins_at, max(one.ends_at for one in wanted),
    )  # fmt: skip
    rest, items, unfilled = timedelta(hours=rules.rest_hours), [], 0
    for shift in wanted:
        there = set(held.get(shift.id, ()))
        day = localdate(shift.begins_at)
        for _ in range(max(0, shift.people - len(there))):
            able = (
                (books[person.id].hours, person.near, str(person.id), person)
                for person in who.get(shift.place_id, ())
                if person.id not in there
                and person.from_on <= day
                and (person.to_on is None or person.to_on > day)
                and books[person.id].rested(shift.begins_at, shift.ends_at, rest)
                and books[person.id].fits_week(shift.begins_at, shift.ends_at, rules.week_hours)
            )
            best = min(able, default=None, key=lambda one: one[:3])
            if best is None:
                unfilled += 1
                continue
            person = best[3]
            there.add(person.id)
            books[person.id].add(shift.begins_at, shift.ends_at)
            items.append(Proposed(shift, person))
    return Proposal(items, unfilled)
