"""Every read of partner organisations. All start from what the actor may see."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import PARTNER_MANAGE, PLACE_VIEW
from shanzhi.city.partners.flow import ACTIVE, OPEN
from shanzhi.city.partners.models import Agreement, Partner, PartnerEvent, Task
from shanzhi.city.places import queries as places
from shanzhi.city.places.models import Place
from shanzhi.core.kit.errors import NotFound

_COUNT = f"SELECT count(*) FROM partners_partner WHERE state = 'active' AND place_id IN ({places.BELOW_SQL})"
_NUMBERS = f"""
WITH own AS (
  SELECT p.area, p.id FROM partners_partner p WHERE (%(state)s = '' OR p.state = %(state)s)
    AND p.place_id IN ({places.BELOW_SQL.replace("%s", "%({})s").format("tops", "on", "on")})),
tasks AS (
  SELECT count(*) AS open, count(*) FILTER (WHERE t.due_on < %(on)s) AS late
  FROM own JOIN partners_task t ON t.area = own.area AND t.partner_id = own.id WHERE t.state = 'open')
SELECT (SELECT count(*) FROM own),
  (SELECT count(*) FROM own JOIN partners_agreement a ON a.area = own.area AND a.partner_id = own.id
   WHERE a.state = 'in_force' AND a.from_on <= %(on)s AND (a.last_on IS NULL OR a.last_on >= %(on)s)),
  tasks.open, tasks.late FROM tasks
"""


def visible_to(actor: Actor, on: date, capability: str = PLACE_VIEW) -> "QuerySet[Partner]":
    """Partners of the places in the actor's sight, or of those that the actor manages."""
    grounds = places.reach(actor, capability)
    if grounds is None:
        return Partner.objects.all()
    return Partner.objects.filter(place_id__in=RawSQL(places.BELOW_SQL, [grounds, on, on]))


def managed_places(actor: Actor, on: date) -> "QuerySet[Place]":
    """Places at which the actor may add partners."""
    return places.visible_to(actor, on, PARTNER_MANAGE)


def listed(
    actor: Actor, on: date, *, place_id: UUID | None = None, below: bool = True, state: str = ACTIVE
) -> "QuerySet[Partner]":
    """Partners of a place, with or without what lies below it; "" lists those whose partnership ended too."""
    found = visible_to(actor, on)
    if place_id is not None:
        if not places.visible_to(actor, on).filter(id=place_id).exists():
            raise NotFound(field="place")
        found = (
            found.filter(place_id__in=RawSQL(places.BELOW_SQL, [[place_id], on, on]))
            if below
            else found.filter(place_id=place_id)
        )
    return found.filter(state=state) if state else found


@dataclass(frozen=True)
class Numbers:
    """Partners of a place and below, their agreements in force, their open tasks, and how many of these are late."""

    partners: int
    in_force: int
    open_tasks: int
    overdue_tasks: int


def numbers(place_id: UUID, on: date, state: str) -> Numbers:
    """Counted in one statement. The caller has checked the scope: what is seen is seen with all below it."""
    with connection.cursor() as cursor:
        cursor.execute(_NUMBERS, {"tops": [place_id], "on": on, "state": state})
        row = cursor.fetchone()
    assert row is not None
    return Numbers(*row)


def count_below(place_id: UUID, on: date) -> int:
    """How many partners a place has, at itself and below. The caller has checked the scope."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [[place_id], on, on])
        row = cursor.fetchone()
    return int(row[0]) if row else 0


@dataclass(frozen=True)
class Belonging:
    """What belongs to some partners: partner id -> rows."""

    agreements: dict[UUID, list[Agreement]]
    tasks: dict[UUID, list[Task]]


def belonging(partners: Iterable[Partner]) -> Belonging:
    """Agreements, the newest first, and tasks, open ones first and the nearest of them at the top."""
    wanted = list(partners)
    areas, ids = list({one.area for one in wanted}), [one.id for one in wanted]
    agreements: dict[UUID, list[Agreement]] = {one: [] for one in ids}
    tasks: dict[UUID, list[Task]] = {one: [] for one in ids}
    for agreement in Agreement.objects.filter(area__in=areas, partner_id__in=ids):
        agreements[agreement.partner_id].append(agreement)
    for task in sorted(
        Task.objects.filter(area__in=areas, partner_id__in=ids), key=lambda one: one.state != OPEN
    ):
        tasks[task.partner_id].append(task)
    return Belonging(agreements, tasks)


def history(actor: Actor, area: str, partner_id: UUID, on: date) -> list[PartnerEvent]:
    """What happened, in order. Raises NotFound."""
    if not visible_to(actor, on).filter(area=area, id=partner_id).exists():
        raise NotFound(field="id")
    return list(PartnerEvent.objects.filter(area=area, partner_id=partner_id).order_by("at", "id"))
