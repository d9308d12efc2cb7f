"""Every read of plans, notices and objections. Plans and objections begin with the actor; notices are public."""

import hmac
from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import PLAN_VIEW
from shanzhi.city.modes.queries import covering
from shanzhi.city.places import queries as places
from shanzhi.command.plans import document
from shanzhi.command.plans.document import PlanDoc
from shanzhi.command.plans.flow import DRAFT, IN_FORCE, IN_REVIEW
from shanzhi.command.plans.models import Notice, Objection, Plan, PlanEvent, PlanVersion
from shanzhi.core.kit.errors import NotFound
from shanzhi.work.cases.reports import secret_of

MOST_LISTED = 200
_ABOVE_SQL = (
    "SELECT ancestor_id FROM places_placeclosure "
    "WHERE descendant_id = ANY(%s) AND from_on <= %s AND (to_on IS NULL OR to_on > %s)"
)


def visible_to(actor: Actor, on: date) -> "QuerySet[Plan]":
    """The plans of places at, below and above the actor's posts."""
    grounds = places.reach(actor, PLAN_VIEW)
    if grounds is None:
        return Plan.objects.all()
    if not grounds:
        return Plan.objects.none()
    return Plan.objects.filter(
        Q(place_id__in=RawSQL(places.BELOW_SQL, [grounds, on, on]))
        | Q(place_id__in=RawSQL(_ABOVE_SQL, [grounds, on, on]))
    )


def plan(actor: Actor, code: str, on: date) -> Plan:
    """One of them. Raises NotFound."""
    found = visible_to(actor, on).select_related("place").filter(code=code).first()
    if found is None:
        raise NotFound(field="code")
    return found


def versions(plan_ids: Iterable[UUID]) -> "QuerySet[PlanVersion]":
    """The versions of plans in sight, the newest first."""
    return PlanVersion.objects.filter(plan_id__in=list(plan_ids)).order_by("plan_id", "-number")


def version(row: Plan, number: int) -> PlanVersion:
    """A version of a plan in sight. Raises NotFound."""
    found = PlanVersion.objects.select_related("plan__place").filter(plan=row, number=number).first()
    if found is None:
        raise NotFound(field="number")
    return found


def in_force(row: Plan) -> PlanVersion | None:
    """The version that a response may be started by."""
    return PlanVersion.objects.filter(plan=row, state=IN_FORCE).first()


def open_draft(row: Plan) -> PlanVersion | None:
    """The version that is being written or reviewed."""
    return PlanVersion.objects.filter(plan=row, state__in=[DRAFT, IN_REVIEW]).first()


def document_of(row: PlanVersion) -> PlanDoc:
    """What a version says."""
    return document.read(row.content)


def events_of(row: PlanVersion) -> list[PlanEvent]:
    """What was done to a version, in order."""
    return list(PlanEvent.objects.filter(version=row).order_by("at", "id"))


def notice(number: str) -> Notice:
    """A public notice by its number: anybody may read it. Raises NotFound."""
    found = Notice.objects.filter(number=number).first()
    if found is None:
        raise NotFound(field="number")
    return found


def notices_at(place_id: UUID | None, at: datetime) -> list[Notice]:
    """The notices that hold now at a place, or anywhere; those of drills are found by number only."""
    on = localdate(at)
    found = Notice.objects.filter(from_at__lte=at, is_drill=False)
    found = found.filter(Q(ended_at=None) | Q(ended_at__gt=at)).filter(Q(until_on=None) | Q(until_on__gte=on))
    if place_id is not None:
        found = found.filter(covering([place_id], on))
    return list(found[:MOST_LISTED])


def notices_of(activation_id: UUID) -> list[Notice]:
    """The notices of a response, the newest first."""
    return list(Notice.objects.filter(activation_id=activation_id).order_by("-from_at", "-id"))


def objections_visible_to(actor: Actor, on: date) -> "QuerySet[Objection]":
    """Objections to measures at or below the actor's places."""
    grounds = places.reach(actor, PLAN_VIEW)
    rows = Objection.objects.select_related("notice")
    if grounds is None:
        return rows
    if not grounds:
        return rows.none()
    below = (
        "SELECT coalesce(array_agg(DISTINCT descendant_id), '{}') FROM places_placeclosure "
        "WHERE ancestor_id = ANY(%s) AND from_on <= %s AND (to_on IS NULL OR to_on > %s)"
    )
    return rows.filter(notice__place_ids__overlap=RawSQL(f"({below})", [grounds, on, on]))


def follow(number: str, secret: str) -> Objection:
    """An objection by number and secret. Raises NotFound alike for a wrong number and a wrong secret."""
    found = Objection.objects.select_related("notice").filter(area=number[2:8], number=number).first()
    expected = secret_of(found.area, found.id) if found else "0" * 48
    right = hmac.compare_digest(expected.encode(), secret.encode("utf-8", "replace"))
    if found is None or not right:
        raise NotFound(field="number")
    return found


def open_objections(actor: Actor, at: datetime) -> int:
    """How many in sight wait for an answer."""
    return objections_visible_to(actor, localdate(at)).filter(state="received").count()
